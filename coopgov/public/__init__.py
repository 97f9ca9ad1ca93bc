"""What anybody reads: home, feeds, sitemap, notices."""
