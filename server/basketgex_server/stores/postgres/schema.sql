-- The store of a desk. A change only adds, in the version before it is used, so that two versions run side by side. A server that
-- finds a later version in "layout" leaves all as it is: else a function would be made anew as it was.
CREATE TABLE IF NOT EXISTS layout (version integer NOT NULL, digest text NOT NULL);

-- What stores of earlier builds lack. First, and only where it is lacking: it locks the table.
DO $$ BEGIN
    IF to_regclass('wanted') IS NOT NULL
        AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('wanted') AND attname = 'people')
    THEN ALTER TABLE wanted ADD COLUMN people jsonb NOT NULL DEFAULT '[]'; END IF;
    IF to_regclass('person') IS NOT NULL
        AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('person') AND attname = 'debits')
    THEN ALTER TABLE person ADD COLUMN debits integer; END IF;
    IF to_regclass('call') IS NOT NULL
        AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('call') AND attname = 'waited')
    THEN ALTER TABLE call ADD COLUMN waited text[]; END IF;
END $$;

CREATE TABLE IF NOT EXISTS account (
    key text PRIMARY KEY, edition bigint NOT NULL DEFAULT 0, quota jsonb
);
-- ``waited``: the symbols that it was made for; the others rode along.
-- States: flying, then landed, failed, refused (by the source, for its quota), free (certainly not charged) or lost (given up).
-- All but free count: they may have been charged.
CREATE TABLE IF NOT EXISTS call (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, token text NOT NULL, account text NOT NULL, replica integer NOT NULL,
    symbols text[] NOT NULL, alone boolean NOT NULL, spent_at float8 NOT NULL, until float8 NOT NULL,
    state text NOT NULL DEFAULT 'flying', edition bigint, error jsonb,
    waited text[]
);
CREATE INDEX IF NOT EXISTS call_flying ON call (account) WHERE state = 'flying';
CREATE INDEX IF NOT EXISTS call_news ON call (account, edition);
CREATE INDEX IF NOT EXISTS call_day ON call (account, spent_at);
CREATE INDEX IF NOT EXISTS call_token ON call (token);
-- What persons pay of a call's debit; what is left over is the home's.
CREATE TABLE IF NOT EXISTS share (
    call bigint NOT NULL, person text NOT NULL, debits float8 NOT NULL, PRIMARY KEY (call, person)
);
-- The same by day: what a departure asks while it holds the lock, whose cost must not grow with the day.
CREATE TABLE IF NOT EXISTS paid (
    account text NOT NULL, day integer NOT NULL, person text NOT NULL, debits float8 NOT NULL, PRIMARY KEY (account, day, person)
);
CREATE TABLE IF NOT EXISTS person (
    name text PRIMARY KEY, digest text NOT NULL, added_at float8 NOT NULL, until float8, debits integer
);
-- Not logged: after a crash of the store who waits publishes what he wants again.
CREATE UNLOGGED TABLE IF NOT EXISTS wanted (
    account text NOT NULL, symbol text NOT NULL, replica integer NOT NULL, first float8 NOT NULL, place integer NOT NULL,
    until float8 NOT NULL, seen bigint NOT NULL, explicit boolean NOT NULL, reserve boolean NOT NULL, held boolean NOT NULL DEFAULT false,
    call bigint, people jsonb NOT NULL DEFAULT '[]', PRIMARY KEY (account, symbol, replica)
);
CREATE TABLE IF NOT EXISTS snapshot (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, origin text NOT NULL, symbol text NOT NULL, fetched_at float8 NOT NULL,
    as_of float8 NOT NULL, oi_as_of float8 NOT NULL, underlying_price float8 NOT NULL, gex float8 NOT NULL, dex float8 NOT NULL,
    vex float8 NOT NULL, chex float8 NOT NULL, usable_open_interest float8 NOT NULL, unverified integer NOT NULL, sides text,
    digest bigint
);
CREATE INDEX IF NOT EXISTS snapshot_symbol ON snapshot (origin, symbol, id);
CREATE INDEX IF NOT EXISTS snapshot_age ON snapshot (fetched_at);
-- The newest of each symbol: its snapshot, or none where the source said that it has no data.
CREATE TABLE IF NOT EXISTS newest (
    account text NOT NULL, symbol text NOT NULL, edition bigint NOT NULL, found_at float8 NOT NULL, snapshot bigint,
    PRIMARY KEY (account, symbol)
);
CREATE TABLE IF NOT EXISTS failure (
    origin text NOT NULL, name text NOT NULL, code text NOT NULL, reason text NOT NULL, sentence text NOT NULL,
    failures integer NOT NULL, failed_at float8 NOT NULL, until float8 NOT NULL, tried boolean NOT NULL,
    PRIMARY KEY (origin, name)
);
CREATE TABLE IF NOT EXISTS answered (
    origin text NOT NULL, day integer NOT NULL, calls bigint NOT NULL, PRIMARY KEY (origin, day)
);

CREATE OR REPLACE FUNCTION desk_now() RETURNS float8 LANGUAGE sql VOLATILE AS $$
    SELECT extract(epoch FROM clock_timestamp())::float8
$$;

-- Publish what a replica's people wait for, and take back what they no longer do.
CREATE OR REPLACE FUNCTION desk_want(k text, me integer, gone text[], patience float8, symbols text[], editions bigint[],
    explicits bool[], reserves bool[], people text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE at float8 := desk_now();
BEGIN
    DELETE FROM wanted w WHERE w.account = k AND w.replica = me AND w.symbol = ANY(gone);
    INSERT INTO wanted AS w (account, symbol, replica, first, place, until, seen, explicit, reserve, people)
        SELECT k, s, me, at, n, at + patience, e, x, r, p::jsonb
        FROM unnest(symbols, editions, explicits, reserves, people) WITH ORDINALITY t(s, e, x, r, p, n)
        ON CONFLICT (account, symbol, replica) DO UPDATE SET until = excluded.until, people = excluded.people,
            explicit = w.explicit OR excluded.explicit, reserve = w.reserve OR excluded.reserve;
END $$;

-- Lock an account's books and read them. Each statement sees what was committed when the lock was got; one SELECT would not.
CREATE OR REPLACE FUNCTION desk_read(k text, me integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE a account; at float8; wants jsonb; flights jsonb; spent jsonb; caps jsonb;
BEGIN
    SELECT * INTO a FROM account WHERE key = k FOR UPDATE;
    at := desk_now();
    SELECT coalesce(jsonb_agg(x), '[]') INTO wants FROM (
        SELECT w.symbol, at - min(w.first) AS age, bool_or(w.explicit) AS explicit, bool_or(w.reserve) AS reserve,
            bool_or(w.held) AS held, coalesce(min(n.edition) > max(w.seen), false) AS has_landed,
            jsonb_agg(w.people ORDER BY w.first, w.replica) AS people
        FROM wanted w LEFT JOIN newest n ON n.account = w.account AND n.symbol = w.symbol
        WHERE w.account = k AND w.call IS NULL AND w.until > at GROUP BY w.symbol
        ORDER BY min(w.first), min(w.replica), min(w.place) -- baskets stay together, so that a quota's end cuts through few
    ) x;
    SELECT coalesce(jsonb_agg(x), '[]') INTO flights FROM (
        SELECT id, symbols, alone, replica, until < at AS over,
            replica <> me AND pg_try_advisory_xact_lock(42, replica) AS free
        FROM call WHERE account = k AND state = 'flying'
    ) x;
    SELECT coalesce(jsonb_object_agg(p.person, p.debits), '{}') INTO spent FROM paid p
        WHERE p.account = k AND p.day = floor(at / 86400)::integer;
    SELECT coalesce(jsonb_object_agg(p.name, p.debits), '{}') INTO caps FROM person p WHERE p.debits IS NOT NULL;
    RETURN jsonb_build_object('now', at, 'quota', a.quota, 'wants', wants, 'flights', flights, 'spent', spent, 'caps', caps);
END $$;

-- Write what was decided; return the numbers of the calls that leave, in their order.
CREATE OR REPLACE FUNCTION desk_depart(k text, me integer, lease float8, mark text, d jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE leaving jsonb; number bigint; numbers jsonb := '[]'; at float8 := desk_now();
BEGIN
    UPDATE call SET state = 'lost' WHERE id IN (SELECT x::bigint FROM jsonb_array_elements_text(d -> 'lost') x);
    DELETE FROM wanted w USING call c WHERE c.id IN (SELECT x::bigint FROM jsonb_array_elements_text(d -> 'lost') x)
        AND w.account = k AND w.replica = c.replica AND c.replica <> me AND pg_try_advisory_xact_lock(42, c.replica);
    UPDATE wanted SET call = NULL WHERE call IN (SELECT x::bigint FROM jsonb_array_elements_text(d -> 'lost') x);
    UPDATE wanted w SET call = j.value::bigint FROM jsonb_each_text(d -> 'joined') j
        WHERE w.account = k AND w.symbol = j.key AND w.call IS NULL;
    DELETE FROM wanted w USING jsonb_array_elements_text(d -> 'known') s
        WHERE w.account = k AND w.symbol = s AND w.call IS NULL;
    UPDATE wanted w SET held = true FROM jsonb_array_elements_text(d -> 'held') s WHERE w.account = k AND w.symbol = s;
    FOR leaving IN SELECT x FROM jsonb_array_elements(d -> 'calls') x LOOP
        INSERT INTO call (token, account, replica, symbols, alone, spent_at, until, waited)
            SELECT mark, k, me, array_agg(s), (leaving ->> 'alone')::boolean, at, at + lease,
                (SELECT array_agg(w) FROM jsonb_array_elements_text(leaving -> 'waited') w)
            FROM jsonb_array_elements_text(leaving -> 'symbols') s RETURNING id INTO number;
        INSERT INTO share SELECT number, x.key, x.value::float8 FROM jsonb_each_text(leaving -> 'shares') x;
        INSERT INTO paid AS p SELECT k, floor(at / 86400)::integer, x.key, x.value::float8
            FROM jsonb_each_text(leaving -> 'shares') x
            ON CONFLICT (account, day, person) DO UPDATE SET debits = p.debits + excluded.debits;
        UPDATE wanted w SET call = number FROM jsonb_array_elements_text(leaving -> 'symbols') s
            WHERE w.account = k AND w.symbol = s AND w.call IS NULL;
        numbers := numbers || to_jsonb(number);
    END LOOP;
    UPDATE account SET quota = d -> 'quota' WHERE key = k;
    RETURN numbers;
END $$;

-- Take back what persons have paid of calls that cost nothing.
CREATE OR REPLACE FUNCTION desk_unpaid(calls bigint[]) RETURNS void LANGUAGE sql AS $$
    UPDATE paid p SET debits = p.debits - x.debits FROM (
        SELECT c.account, floor(c.spent_at / 86400)::integer AS day, s.person, sum(s.debits) AS debits
        FROM call c JOIN share s ON s.call = c.id WHERE c.id = ANY(calls) GROUP BY 1, 2, 3
    ) x WHERE p.account = x.account AND p.day = x.day AND p.person = x.person
$$;

-- Lock an account's books and read what a landing needs: its quota, the moment, and its call as it is by then.
CREATE OR REPLACE FUNCTION desk_open(k text, number bigint) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE q jsonb; c call;
BEGIN
    SELECT quota INTO q FROM account WHERE key = k FOR UPDATE;
    SELECT * INTO c FROM call WHERE id = number;
    RETURN jsonb_build_object('now', desk_now(), 'quota', q, 'state', c.state, 'symbols', c.symbols);
END $$;

-- Write the end of a call: one edition further, what it brought, and news of it where this is committed.
CREATE OR REPLACE FUNCTION desk_land(k text, number bigint, became text, d jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE next bigint;
BEGIN
    UPDATE account SET edition = edition + 1, quota = d -> 'quota' WHERE key = k RETURNING edition INTO next;
    UPDATE call SET state = became, edition = next, error = nullif(d -> 'error', 'null') WHERE id = number;
    IF became = 'free' THEN PERFORM desk_unpaid(ARRAY[number]); END IF;
    WITH made AS (
        INSERT INTO snapshot (origin, symbol, fetched_at, as_of, oi_as_of, underlying_price, gex, dex, vex, chex,
            usable_open_interest, unverified, sides, digest)
        SELECT x ->> 0, x ->> 1, (x ->> 2)::float8, (x ->> 3)::float8, (x ->> 4)::float8, (x ->> 5)::float8, (x ->> 6)::float8,
            (x ->> 7)::float8, (x ->> 8)::float8, (x ->> 9)::float8, (x ->> 10)::float8, (x ->> 11)::integer, x ->> 12,
            (x ->> 13)::bigint
        FROM jsonb_array_elements(d -> 'rows') x RETURNING id, symbol
    )
    INSERT INTO newest SELECT k, symbol, next, (d ->> 'at')::float8, id FROM made
        UNION ALL SELECT k, s, next, (d ->> 'at')::float8, NULL FROM jsonb_array_elements_text(d -> 'missing') s
        ON CONFLICT (account, symbol) DO UPDATE SET edition = excluded.edition, found_at = excluded.found_at,
            snapshot = excluded.snapshot;
    UPDATE wanted SET call = NULL WHERE call = number
        AND symbol IN (SELECT s FROM jsonb_array_elements_text(d -> 'again') s);
    DELETE FROM wanted WHERE call = number;
    PERFORM pg_notify('basketgex', k);
END $$;

-- Free calls that certainly never left: the commit of their departure was not heard of.
CREATE OR REPLACE FUNCTION desk_free(k text, mark text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE freed bigint; flew bigint; q jsonb;
BEGIN
    SELECT quota INTO q FROM account WHERE key = k FOR UPDATE;
    SELECT count(*), count(*) FILTER (WHERE state = 'flying') INTO freed, flew FROM call
        WHERE token = mark AND state IN ('flying', 'lost');
    IF freed = 0 THEN RETURN; END IF;
    UPDATE wanted SET call = NULL WHERE call IN (SELECT id FROM call WHERE token = mark);
    PERFORM desk_unpaid(ARRAY(SELECT id FROM call WHERE token = mark AND state IN ('flying', 'lost')));
    UPDATE call SET state = 'free' WHERE token = mark AND state IN ('flying', 'lost');
    UPDATE account SET quota = q || jsonb_build_object('today', greatest((q ->> 'today')::bigint - freed, 0),
        'flying', greatest((q ->> 'flying')::bigint - flew, 0)) WHERE key = k;
    PERFORM pg_notify('basketgex', k);
END $$;
