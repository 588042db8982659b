"""Runs the SQL of a document and compares what it prints.

    run.py DOCUMENT.md
    run.py --write DOCUMENT.md		puts what psql prints into the document;
									read the difference before you commit it

Fenced blocks of the document, in one psql session, so that they build on each
other:

    ```sql            runs, and must not raise an error; when the next block
                      (with nothing but blank lines between) is ```text or a
                      bare ```, that is exactly what psql prints
    ```sql error      must raise an error; a block after it as above
    ```sql skip       is not run: it needs what a test does not have
    ```json tariff    is cast to that type (any type of billing), without error

Each block is a test.  The database is empty; the extension is made first
unless the document does that itself.  Blanks at line ends do not count.
"""
import re
import subprocess
import sys

MARK = "@@@ block "


class Block:
    def __init__(self, line, info, text):
        self.line = line
        self.info = info
        self.text = text
        self.expected = None
        self.expected_lines = None		# first and last, counted from 0, without the fences


def blocks_of(document):
    """All fenced blocks; a text block right after an sql block becomes its expected output."""
    blocks, fence, last_sql = [], None, None
    with open(document, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\n")
            if fence is None:
                match = re.match(r"( *)(```+)(.*)$", line)
                if match:
                    fence = (len(match[1]), match[2], match[3].split(), number, [])
                elif line.strip():
                    last_sql = None
                continue
            indent, ticks, info, start, text = fence
            if line.strip() != ticks:
                text.append(line[indent:] if line[:indent].isspace() else line)
                continue
            fence = None
            block = Block(start, info, "\n".join(text))
            if info in ([], ["text"]):
                if last_sql is not None:
                    last_sql.expected = block.text
                    last_sql.expected_lines = (start, number - 1)
                last_sql = None
                continue
            last_sql = block if info[:1] == ["sql"] else None
            if info[:1] == ["sql"] and "skip" not in info:
                blocks.append(block)
            elif info[:1] == ["json"] and len(info) == 2:
                block.text = "DO $do$ BEGIN PERFORM $doc$%s$doc$::billing.%s; END $do$;" % (
                    block.text, info[1])
                blocks.append(block)
    if fence is not None:
        raise SystemExit("%s:%d: the block does not end" % (document, fence[3]))
    return blocks


def run(blocks):
    """The output of each block."""
    script = []
    if not any("CREATE EXTENSION" in block.text for block in blocks):
        script.append("CREATE EXTENSION billing;")
    script.append(r"\pset pager off")
    for number, block in enumerate(blocks):
        script += [r"\echo", r"\echo '%s%d'" % (MARK, number), block.text]
        # a statement without its semicolon must not swallow the next block
        if not re.search(r"(;|\\g\w*)\s*(--.*)?$", block.text) and not re.search(
                r"^\\.*$", block.text.splitlines()[-1] if block.text else ""):
            script.append(";")
    done = subprocess.run(
        ["psql", "-X", "-q"], input="\n".join(script) + "\n", stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, encoding="utf-8", check=False)
    outputs = re.split(r"\n?^%s\d+\n" % MARK, done.stdout, flags=re.MULTILINE)
    return outputs[0], outputs[1:]


def tidy(text):
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def write(document, blocks, outputs):
    with open(document, encoding="utf-8") as file:
        lines = file.read().split("\n")
    for block, output in reversed(list(zip(blocks, outputs))):
        if block.expected is not None:
            first, end = block.expected_lines
            lines[first:end] = tidy(output).split("\n")
    with open(document, "w", encoding="utf-8") as file:
        file.write("\n".join(lines))


def main():
    document = sys.argv[-1]
    blocks = blocks_of(document)
    before, outputs = run(blocks)
    outputs += [""] * (len(blocks) - len(outputs))
    if "ERROR:" in before:
        print("# " + before)
    if "--write" in sys.argv:
        write(document, blocks, outputs)
    for number, (block, output) in enumerate(zip(blocks, outputs), 1):
        problems = []
        raised = re.search(r"^(ERROR|FATAL|PANIC|psql: error):", output, flags=re.MULTILINE)
        if bool(raised) != ("error" in block.info):
            problems.append("an unexpected error" if raised else "no error, but one is expected")
        if block.expected is not None and tidy(output) != tidy(block.expected):
            problems.append("another output than the document prints")
        print("%s %d - %s:%d" % ("not ok" if problems else "ok", number, document, block.line))
        for problem in problems:
            print("# " + problem)
        if problems:
            for line in tidy(output).splitlines():
                print("#   " + line)
    print("1..%d" % len(blocks))


main()
