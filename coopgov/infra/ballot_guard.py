"""The database's own word on ballots: what cannot be on a paper is refused, whatever wrote it.

``proposal.bounds`` says what can be: ``{"shape", "words", "least", "most", "highest", "budget"}`` as in tally.vote
(Shape, Limits), fixed when voting opens. The check in the domain comes first and has the kind message.
"""

TRIGGER = "ballot_fits"

_BOUND = "json_extract(p.bounds, '$.{}')"
_MARKS = """(
SELECT NEW.choice ->> '$' AS word, json_type(NEW.choice) AS kind, NULL AS points, 'integer' AS number
  WHERE {shape} = 'one'
UNION ALL SELECT e.value, e.type, NULL, 'integer' FROM json_each(NEW.choice) e WHERE {shape} IN ('picks', 'ranking')
UNION ALL SELECT o.value, o.type, NULL, 'integer' FROM json_each(NEW.choice) l, json_each(l.value) o
  WHERE {shape} = 'levels'
UNION ALL SELECT json_extract(e.value, '$[0]'), json_type(e.value, '$[0]'), json_extract(e.value, '$[1]'),
  CASE json_array_length(e.value) WHEN 2 THEN json_type(e.value, '$[1]') END
  FROM json_each(NEW.choice) e WHERE {shape} = 'points')""".format(shape=_BOUND.format("shape"))

_SQLITE = f"""CREATE TRIGGER {TRIGGER} BEFORE INSERT ON ballot
BEGIN
SELECT RAISE(ABORT, 'ballot.choice: it is not on the paper') FROM proposal p
WHERE p.id = NEW.proposal_id AND p.bounds IS NOT NULL AND (
  NOT json_valid(NEW.choice)
  OR ({_BOUND.format("shape")} <> 'one') <> (json_type(NEW.choice) = 'array')
  OR ({_BOUND.format("shape")} = 'none' AND NEW.choice <> '[]')
  OR EXISTS (SELECT 1 FROM {_MARKS} m WHERE m.kind <> 'text' OR m.number IS NOT 'integer'
    OR m.word NOT IN (SELECT w.value FROM json_each(p.bounds, '$.words') w)
    OR m.points < 0 OR m.points > {_BOUND.format("highest")})
  OR (SELECT count(*) <> count(DISTINCT m.word) OR count(*) > {_BOUND.format("most")}
    OR (count(*) > 0 AND min(m.word) <> 'none_of_these' AND count(*) < {_BOUND.format("least")})
    OR total(m.points) > coalesce({_BOUND.format("budget")}, total(m.points)) FROM {_MARKS} m));
END"""

_FUNCTION = f"""CREATE OR REPLACE FUNCTION {TRIGGER}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE b jsonb; c jsonb; wrong boolean;
BEGIN
SELECT bounds::jsonb INTO b FROM proposal WHERE id = NEW.proposal_id;
IF b IS NULL OR jsonb_typeof(b) = 'null' THEN RETURN NEW; END IF;
c := NEW.choice::jsonb;
wrong := (b->>'shape' <> 'one') <> (jsonb_typeof(c) = 'array') OR (b->>'shape' = 'none' AND c <> '[]'::jsonb);
IF NOT wrong THEN
  SELECT bool_or(coalesce(jsonb_typeof(m.word) <> 'string' OR NOT (b->'words') @> m.word, true)
      OR (m.points IS NOT NULL AND (jsonb_typeof(m.points) <> 'number' OR m.points::text !~ '^[0-9]+$'
        OR m.points::text::numeric > (b->>'highest')::numeric))
      OR m.size <> 2)
    OR count(*) <> count(DISTINCT m.word) OR count(*) > (b->>'most')::int
    OR (count(*) > 0 AND min(m.word #>> '{{}}') <> 'none_of_these' AND count(*) < (b->>'least')::int)
  INTO wrong FROM (
    SELECT c AS word, NULL::jsonb AS points, 2 AS size WHERE b->>'shape' = 'one'
    UNION ALL SELECT e, NULL, 2 FROM jsonb_array_elements(CASE b->>'shape' WHEN 'picks' THEN c WHEN 'ranking' THEN c
      ELSE '[]' END) e
    UNION ALL SELECT o, NULL, 2 FROM jsonb_array_elements(CASE b->>'shape' WHEN 'levels' THEN c ELSE '[]' END) l,
      jsonb_array_elements(l) o
    UNION ALL SELECT e->0, e->1, jsonb_array_length(e) FROM jsonb_array_elements(CASE b->>'shape' WHEN 'points' THEN c
      ELSE '[]' END) e) m;
END IF;
IF NOT coalesce(wrong, false) AND b->>'shape' = 'points' AND b->>'budget' IS NOT NULL THEN
  SELECT coalesce(sum((e->>1)::numeric), 0) > (b->>'budget')::numeric INTO wrong FROM jsonb_array_elements(c) e;
END IF;
IF coalesce(wrong, false) THEN RAISE EXCEPTION 'ballot.choice: it is not on the paper'; END IF;
RETURN NEW;
END $$"""
_POSTGRES = f"CREATE TRIGGER {TRIGGER} BEFORE INSERT ON ballot FOR EACH ROW EXECUTE FUNCTION {TRIGGER}()"


def statements(dialect: str) -> tuple[str, ...]:
    """What creates the trigger on ``dialect``, in order."""
    return (_SQLITE,) if dialect == "sqlite" else (_FUNCTION, _POSTGRES)
