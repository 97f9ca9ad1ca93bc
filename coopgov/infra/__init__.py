"""The outside world, once: database, outbox, jobs, mail, web, languages, audit."""
