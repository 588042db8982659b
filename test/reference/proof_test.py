"""Anchors and what is checked outside: contrib/proof finds every forgery of an export, of a
customer's proof and of the database, also one that is consistent from end to end; known
answers of Ed25519 (RFC 8032) and of hash trees (RFC 6962)."""
import importlib.machinery
import importlib.util
import json
import os
import random
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
LOADER = importlib.machinery.SourceFileLoader("proof", "contrib/proof")
proof = importlib.util.module_from_spec(importlib.util.spec_from_loader("proof", LOADER))
LOADER.exec_module(proof)
tests = 0
place = tempfile.mkdtemp()


def ok(good, what, more=""):
    global tests
    tests += 1
    print("%sok %d - %s" % ("" if good else "not ", tests, what))
    if not good and more:
        print("# %s" % str(more)[:500])


def sql(text, fails=False):
    run = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1"], input="SET client_min_messages = warning;\n" + text, text=True, capture_output=True)
    if (run.returncode != 0) != fails:
        raise SystemExit("psql: " + run.stderr)
    return run.stderr if fails else run.stdout.strip()


def tool(command, text, *more, into=None):
    path = os.path.join(place, into or "file")
    if into is None:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    run = subprocess.run(["contrib/proof", command, path, *more], input=text, text=True, capture_output=True)
    return run.returncode, run.stdout + run.stderr


# ---- known answers ----

for public, message, signature in [
        ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        ("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")]:
    good = [bytes.fromhex(part) for part in (public, message, signature)]
    ok(proof.signature_good(*good), "a signature of RFC 8032")
    changed = 0
    for part in range(3):
        for bit in random.Random(7).sample(range(8 * len(good[part])), min(10, 8 * len(good[part]))):
            bad = list(good)
            flipped = bytearray(bad[part])
            flipped[bit // 8] ^= 1 << bit % 8
            bad[part] = bytes(flipped)
            changed += proof.signature_good(*bad)
    ok(changed == 0, "and no other")
# of the test vectors of Certificate Transparency
inputs = [bytes.fromhex(h) for h in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")]
roots = ["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d", "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
         "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77", "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
         "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4", "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
         "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c", "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"]
ok([proof.tree_root(inputs[:n + 1]).hex() for n in range(8)] == roots, "roots of RFC 6962")
ok(sql("SELECT string_agg(encode(billing._merkle_root(a[1:n]), 'hex'), ',' ORDER BY n) FROM (SELECT ARRAY[%s]::bytea[] AS a) q, generate_series(1, 8) n"
       % ",".join("'\\x%s'" % i.hex() for i in inputs)) == ",".join(roots), "the database has the same")

# ---- a store ----

sql("""SELECT billing.create_roles(); SELECT billing.install();
SELECT billing.add_org('C', 'Company', 'company'), billing.add_org('S', 'Station', 'station', 'C');
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}');
SELECT billing.add_customer('S', 'x', 'person', 'proof_home');
SELECT billing.add_account('S', n::text, 1, '2026-01-01'), billing.set_plan(n::text, 'home', '2026-01-01') FROM generate_series(1, 13) n;
INSERT INTO billing.reading (account_id, org_id, profile)
SELECT a.account_id, a.org_id, billing.profile(m, '1 day', array_fill(1000 * a.account_id, ARRAY[28])) FROM billing.account a, generate_series('2026-01-01 00:00+00'::timestamptz, '2026-04-01', interval '28 days') m;
SELECT billing.add_customer('S', 'y'); UPDATE billing.account SET customer_id = 2 WHERE account_no = '5';
CREATE ROLE proof_home LOGIN IN ROLE billing_customer;""")
sql("CALL billing.run_bills('S', '2026-02-01')")
sql("SELECT billing.post_payment(n::text, n * 7 + 0.25, 'k') FROM generate_series(1, 13) n; SELECT billing.anchor_heads('C')")
ok("UB331" in sql("\\set VERBOSITY verbose\nSELECT billing.close_period('C', '2026-04-01')", fails=True), "a period with unbilled accounts is not closed")
sql("CALL billing.run_bills('S', '2026-03-01')")
ok(sql("SELECT billing.close_period('C', '2026-03-01')") == "2", "closed, with the second anchor")
ok("UB331" in sql("\\set VERBOSITY verbose\nSELECT billing.close_period('C', '2026-03-01')", fails=True), "once")
sql("CALL billing.run_bills('S', '2026-04-01')")
ok("UB332" in sql("\\set VERBOSITY verbose\nSELECT billing.bill_proof('3', '2026-03-01')", fails=True), "what came later is in none yet")
ok("rows of billing.anchor stay" in sql("UPDATE billing.anchor SET root = ''", fails=True), "anchors stay as they are")

# ---- an export ----

export = sql("SELECT billing.export_chains('C', 2)")
key = json.loads(export.splitlines()[0])["anchor"]["public_key"]
status, said = tool("chains", export, "--key", key)
ok(status == 0 and "13 chains with 65 links, anchor 2 of C" in said, "an export holds", said)
ok(tool("chains", export, "--key", "00" * 32)[0] == 1, "but not by another key")
ok(tool("chains", export, "--key", "00" * 32, "--key", key)[0] == 0, "by that of now beside that of former years")
# a name within that would pass for another line
real = json.loads(export.splitlines()[0])["anchor"]
good = proof.signature_good
proof.signature_good = lambda *_: True
refused = 0
for old, new in (("org C", "org C\nroot %064d" % 0), ("number 2", "number 2\nnumber 3"), ("at ", "leaves 1\nat "), ("before ", "before none\nbefore ")):
    try:
        proof.checked_anchor({**real, "document": real["document"].replace(old, new)}, [])
    except proof.Wrong:
        refused += 1
proof.checked_anchor(real, [])
proof.signature_good = good
ok(refused == 4, "an anchor has each of its lines once, in its place")
ok(tool("chains", sql("SELECT billing.export_chains('C', 1)"))[0] == 0, "so does the earlier anchor")
rng, missed = random.Random(42), []
for n in range(300):
    lines = [json.loads(line) for line in export.splitlines()]
    at = rng.randrange(len(lines))
    how = rng.choice(["flip", "flip", "number", "remove", "twice", "swap"])
    kind, body = next(iter(lines[at].items()))
    if how == "flip":
        name = rng.choice([name for name, value in body.items() if isinstance(value, str) and name != "key" and value])
        where = rng.randrange(len(body[name]))
        new = rng.choice([c for c in "0123456789abcdef" if c != body[name][where]])
        body[name] = body[name][:where] + new + body[name][where + 1:]
    elif how == "number":
        if kind == "anchor":
            continue
        body[rng.choice(["subject", "seq"])] += rng.choice([-1, 1])
    elif how == "remove":
        del lines[at]
    elif how == "twice":
        lines.insert(at, lines[at])
        if kind == "anchor":
            continue
    else:
        other = rng.randrange(len(lines))
        if other == at or kind == "anchor" or "anchor" in lines[other] or ("row" in lines[at] and "row" in lines[other] and lines[at]["row"]["subject"] != lines[other]["row"]["subject"]) or ("leaf" in lines[at]) != ("leaf" in lines[other]):
            continue
        lines[at], lines[other] = lines[other], lines[at]
    try:
        path = os.path.join(place, "forged")
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(json.dumps(line) for line in lines))
        with open(os.devnull, "w") as null:
            out, sys.stdout = sys.stdout, null
            try:
                proof.check_chains(path, [bytes.fromhex(key)])
            finally:
                sys.stdout = out
        missed.append((n, how, kind))
    except (proof.Wrong, KeyError, ValueError, TypeError, IndexError, proof.struct.error):
        pass
ok(missed == [], "each of 300 forgeries of it is found", missed)

# ---- a customer's proof ----

one = sql("SET SESSION AUTHORIZATION proof_home; SELECT billing.bill_proof('3', '2026-01-01')")
status, said = tool("bill", one, "--key", key)
ok(status == 0 and "2026-01-01 to 2026-02-01, 46.5, is in anchor 1 of C" in said, "a customer's bill is proved", said)
status, said = tool("bill", sql("SET SESSION AUTHORIZATION proof_home; SELECT billing.bill_proof('12', '2026-02-01')"))
ok(status == 0 and "anchor 2" in said, "and one of the next month", said)
ok("does not exist, or not for you" in sql("SET SESSION AUTHORIZATION proof_home; SELECT billing.bill_proof('5', '2026-01-01')", fails=True), "but not another customer's")
ok(sql("SET SESSION AUTHORIZATION proof_home; SELECT billing._anchor_proof(5, 1) IS NULL") == "t", "nor what leads to it")
whole, missed = json.loads(one), []
for n in range(200):
    forged = json.loads(one)
    name = rng.choice(["bill", "before", "later", "path", "place", "leaves", "head_seq", "seq", "account_id", "document", "signature"])
    if name in ("place", "leaves", "head_seq", "seq", "account_id"):
        forged[name] += rng.choice([-1, 1, 7])
    elif name in ("later", "path"):
        if rng.random() < 0.3:
            forged[name].pop(rng.randrange(len(forged[name])))
        else:
            at = rng.randrange(len(forged[name]))
            forged[name][at] = "%064x" % rng.getrandbits(256)
    else:
        there = forged["anchor"] if name in ("document", "signature") else forged
        where = rng.randrange(len(there[name])) if there[name] else None
        if where is None:
            there[name] = "00"
        else:
            there[name] = there[name][:where] + rng.choice([c for c in "0123456789abcdef" if c != there[name][where]]) + there[name][where + 1:]
    status, said = tool("bill", json.dumps(forged), "--key", key) if n < 20 else (None, None)
    if status is None:
        try:
            with open(os.path.join(place, "forged"), "w", encoding="utf-8") as file:
                json.dump(forged, file)
            with open(os.devnull, "w") as null:
                out, sys.stdout = sys.stdout, null
                try:
                    proof.check_bill(os.path.join(place, "forged"), [bytes.fromhex(key)])
                    status = 0
                finally:
                    sys.stdout = out
        except Exception:
            status = 1
    if status == 0:
        missed.append((n, name))
ok(missed == [], "each of 200 forgeries of it is refused", missed)

# every place of trees of every size
wrong = 0
for leaves in range(1, 18):
    data = [bytes([i]) for i in range(leaves)]
    paths = sql("SELECT array_to_json(billing._merkle_path(ARRAY[%s]::bytea[], p)) FROM generate_series(0, %d) p ORDER BY p"
                % (",".join("'\\x%02x'" % i for i in range(leaves)), leaves - 1)).splitlines()
    for at, path in enumerate(paths):
        wrong += proof.root_by_path(data[at], at, leaves, [bytes.fromhex(s) for s in json.loads(path)]) != proof.tree_root(data)
ok(wrong == 0, "paths lead to the root, in trees of 1 to 17 leaves")

# ---- anchors kept outside ----

anchors = sql("SELECT billing.export_anchors('C')")
ok(tool("keep", anchors.splitlines()[0], into="log")[0] == 0, "the first is kept")
ok("2 anchors kept, 1 of them new" in tool("keep", anchors, into="log")[1], "then the second")
ok("0 of them new" in tool("keep", anchors, into="log")[1], "nothing twice")

# a superuser writes a chain anew from end to end, head and all: the database finds nothing, the anchor does
sql("""SET session_replication_role = replica;
UPDATE billing.transfer SET amount = 1 WHERE account_id = 3 AND seq = 3;
DO $$
DECLARE
	row		record;
	before	bytea := '';
BEGIN
	FOR row IN SELECT b.seq, billing._row_content('bill', b) AS content, true AS is_bill FROM billing.bill b WHERE account_id = 3
		UNION ALL SELECT t.seq, billing._row_content('transfer', t), false FROM billing.transfer t WHERE account_id = 3 ORDER BY 1
	LOOP
		before := sha256(before || row.content);
		UPDATE billing.bill SET link = before WHERE account_id = 3 AND seq = row.seq AND row.is_bill;
		UPDATE billing.transfer SET link = before WHERE account_id = 3 AND seq = row.seq AND NOT row.is_bill;
	END LOOP;
	UPDATE billing.account_head SET link = before, balance = (SELECT sum(CASE 'receivable' WHEN debit THEN amount WHEN credit THEN -amount ELSE 0 END) FROM billing.transfer WHERE account_id = 3) WHERE account_id = 3;
END $$;""")
ok(sql("SELECT count(*) FROM billing.verify(with_readings => false)") == "0", "a chain forged from end to end: the database itself finds nothing")
status, said = tool("chains", sql("SELECT billing.export_chains('C', 2)"))
ok(status == 1 and "account 3" in said, "the anchor does", said)
# then he makes the anchors anew, too, with the key: what was kept outside contradicts
sql("SET session_replication_role = replica; DELETE FROM billing.period_close; DELETE FROM billing.anchor; SELECT billing.anchor_heads('C'); SELECT pg_sleep(1.1); SELECT billing.anchor_heads('C')")
status, said = tool("keep", sql("SELECT billing.export_anchors('C')"), into="log")
ok(status == 1 and "the database was rewritten" in said, "anchors made anew contradict those that were kept", said)
sql("DROP ROLE proof_home")
print("1..%d" % tests)
