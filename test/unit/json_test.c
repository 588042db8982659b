/*
 * json_test.c - the JSON reader: what it takes and refuses, where, and the one form it writes
 */
#include "document.h"

/* the canonical text of some JSON, or what is wrong with it */
static const char *
canonical(const char *text, size_t length)
{
	static char out[1000];
	BlArena		arena = new_arena();
	BlJson	   *root = tree_of(text, length, &arena);

	if (root == NULL)
		snprintf(out, sizeof out, "%s", problem.message);
	else
		snprintf(out, sizeof out, "%s", written(root, &arena));
	release();
	return out;
}

static void
accepted(void)
{
	static const struct
	{
		const char *text;
		const char *canonical;
	}			list[] = {
		{"null", "null"},
		{" \t\r\n true ", "true"},
		{"false", "false"},
		{"0", "0"},
		{"-0", "-0"},
		{"-12.50e+03", "-12.50e+03"},
		{"1E5", "1E5"},
		{"\"\"", "\"\""},
		{"\"a\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"a\\\"\\\\/\\u0008\\u000c\\u000a\\u000d\\u0009\""},
		{"\"\\u0041\\u00e9\\u4e2d\"", "\"A\xc3\xa9\xe4\xb8\xad\""},
		{"\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\""},
		{"\"\\uD800\\uDC00 \\uDBFF\\uDFFF\"", "\"\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf\""},
		{"\"\x7f\xc2\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\"", "\"\x7f\xc2\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\""},
		{"[]", "[]"},
		{"[ ]", "[]"},
		{"{ }", "{}"},
		{"[1, [2, []], {}]", "[1,[2,[]],{}]"},
		{"{\"b\": 1, \"a\": 2, \"\": 3, \"ab\": 4, \"B\": 5}", "{\"\":3,\"B\":5,\"a\":2,\"ab\":4,\"b\":1}"},
		{"{\"\\u0061\": 1}", "{\"a\":1}"},
		{"{\"\xe4\xb8\xad\": 1, \"z\": 2}", "{\"z\":2,\"\xe4\xb8\xad\":1}"},
	};

	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
		CHECK_TEXT(canonical(list[i].text, strlen(list[i].text)), list[i].canonical);
}

static void
refused(void)
{
	static const struct
	{
		const char *text;
		const char *problem;
	}			list[] = {
		{"", "a value was expected"},
		{"   ", "a value was expected"},
		{"nul", "a value was expected"},
		{"TRUE", "a value was expected"},
		{"1 2", "more text behind the value"},
		{"01", "a value was expected"},
		{"-", "a value was expected"},
		{"+1", "a value was expected"},
		{".5", "a value was expected"},
		{"1.", "a number without digits behind its point"},
		{"1.e5", "a number without digits behind its point"},
		{"1e", "a number without digits in its exponent"},
		{"1e+", "a number without digits in its exponent"},
		{"NaN", "a value was expected"},
		{"Infinity", "a value was expected"},
		{"'a'", "a value was expected"},
		{"\"a", "a string without its closing quote"},
		{"\"a\\", "a string without its closing quote"},
		{"\"\\x\"", "unknown escape in a string"},
		{"\"\\u12g4\"", "bad \\u escape in a string"},
		{"\"\\u0000\"", "bad \\u escape in a string"},
		{"\"\\ud83d\"", "half a surrogate pair in a string"},
		{"\"\\ud83d\\u0041\"", "half a surrogate pair in a string"},
		{"\"\\ud83dx\\ude00\"", "half a surrogate pair in a string"},
		{"\"\\ude00\\ud83d\"", "half a surrogate pair in a string"},
		{"\"a\nb\"", "a control character in a string"},
		{"\"\x80\"", "a string that is not UTF-8"},
		{"\"\xc0\xaf\"", "a string that is not UTF-8"},
		{"\"\xe0\x80\xaf\"", "a string that is not UTF-8"},
		{"\"\xed\xa0\x80\"", "a string that is not UTF-8"},
		{"\"\xf0\x80\x80\xaf\"", "a string that is not UTF-8"},
		{"\"\xf4\x90\x80\x80\"", "a string that is not UTF-8"},
		{"\"\xf5\x80\x80\x80\"", "a string that is not UTF-8"},
		{"\"\xe4\xb8\"", "a string that is not UTF-8"},
		{"[", "a value was expected"},
		{"[1", "a comma or ] was expected"},
		{"[1,]", "a value was expected"},
		{"[,1]", "a value was expected"},
		{"[1}", "a comma or ] was expected"},
		{"{", "a member's name in quotes was expected"},
		{"{a: 1}", "a member's name in quotes was expected"},
		{"{\"a\"}", "a colon was expected"},
		{"{\"a\" 1}", "a colon was expected"},
		{"{\"a\": 1,}", "a member's name in quotes was expected"},
		{"{\"a\": 1 \"b\": 2}", "a comma or } was expected"},
		{"{1: 2}", "a member's name in quotes was expected"},
		{"/* */ 1", "a value was expected"},
		{"\xef\xbb\xbf" "1", "a value was expected"},
		{"{\"a\": 1, \"a\": 2}", "$.a is given twice"},
		{"{\"b\": [{\"x\": 1, \"y\": 2, \"\\u0078\": 3}]}", "$.b[0].x is given twice"},
	};
	char		expected[300];

	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
	{
		snprintf(expected, sizeof expected, "invalid JSON: %s", list[i].problem);
		CHECK_TEXT(canonical(list[i].text, strlen(list[i].text)), expected);
	}
	/* a zero byte is no end, and nothing beyond the length is read */
	CHECK_TEXT(canonical("1\0", 2), "invalid JSON: more text behind the value");
	CHECK_TEXT(canonical("\"a\0b\"", 5), "invalid JSON: a control character in a string");
	CHECK_TEXT(canonical("\"\\u00412345", 6), "invalid JSON: a string without its closing quote");
	CHECK_TEXT(canonical("123456", 3), "123");
}

/* where it went wrong: the line, and what stands before; never half a character */
static void
places(void)
{
	static const struct
	{
		const char *text;
		const char *place;
	}			list[] = {
		{"", "The text is empty."},
		{"x", "At the first character."},
		{"[1", "At the end, in line 1, after: [1"},
		{"[1,\n 2,\r\n  x]", "In line 3, after:   "},
		{"[\"\xe4\xb8\xad\", \"\xc0\"]", "In line 1, after: [\"\xe4\xb8\xad\", \""},
		{"[\"\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"
			"\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\" x",
			"In line 1, after: \xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad"
			"\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad\" "},
	};

	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
	{
		(void) canonical(list[i].text, strlen(list[i].text));
		CHECK_TEXT(problem.detail, list[i].place);
	}
}

static void
depth(void)
{
	char		text[100];

	for (int n = 1; n < 40; n++)
	{
		memset(text, '[', (size_t) n);
		memset(text + n, ']', (size_t) n);
		text[2 * n] = '\0';
		if (n <= BL_JSON_DEPTH)
			CHECK_TEXT(canonical(text, 2 * (size_t) n), text);
		else
			CHECK_TEXT(canonical(text, 2 * (size_t) n), "invalid JSON: nested too deeply");
		/* without an end it is refused as early */
		CHECK(strncmp(canonical(text, (size_t) n), "invalid JSON: ", 14) == 0);
	}
}

static void
decimals(void)
{
	static const struct
	{
		const char *text;
		int			scale;
		BlStatus	status;
		const char *canonical;
	}			list[] = {
		{"0.50", 10, BL_OK, "\"0.5\""},
		{"\"0.5\"", 10, BL_OK, "\"0.5\""},
		{"5e-1", 10, BL_OK, "\"0.5\""},
		{"0.005E2", 10, BL_OK, "\"0.5\""},
		{"-0.00", 10, BL_OK, "\"0\""},
		{"\"-0\"", 10, BL_OK, "\"0\""},
		{"0e99999999999", 10, BL_OK, "\"0\""},
		{"\"007.10\"", 10, BL_OK, "\"7.1\""},
		{"1e10", 10, BL_OK, "\"10000000000\""},
		{"1.00000000000000000000", 2, BL_OK, "\"1\""},
		{"100e-2", 0, BL_OK, "\"1\""},
		{"12345678901234567890123456789012345678", 0, BL_OK, "\"12345678901234567890123456789012345678\""},
		{"1e-10", 10, BL_OK, "\"0.0000000001\""},
		{"1e-11", 10, BL_OVERFLOW, "1e-11"},
		{"1e99", 10, BL_OVERFLOW, "1e99"},
		{"1e-99", 10, BL_OVERFLOW, "1e-99"},
		{"1e999999999999999999999", 10, BL_OVERFLOW, "1e999999999999999999999"},
		{"0.123", 2, BL_BAD_VALUE, "0.123"},
		{"999999999999999999999999999999999999999999", 0, BL_OVERFLOW, "999999999999999999999999999999999999999999"},
		{"\"5e-1\"", 10, BL_BAD_TEXT, "\"5e-1\""},
		{"\"\"", 10, BL_BAD_TEXT, "\"\""},
		{"\" 1\"", 10, BL_BAD_TEXT, "\" 1\""},
		{"\"1,5\"", 10, BL_BAD_TEXT, "\"1,5\""},
		{"\"NaN\"", 10, BL_BAD_TEXT, "\"NaN\""},
		{"true", 10, BL_BAD_TEXT, "true"},
		{"null", 10, BL_BAD_TEXT, "null"},
		{"[1]", 10, BL_BAD_TEXT, "[1]"},
	};

	for (size_t i = 0; i < sizeof list / sizeof *list; i++)
	{
		BlArena		arena = new_arena();
		BlJson	   *root = tree_of(list[i].text, strlen(list[i].text), &arena);
		BlDec		value;

		if (CHECK(root != NULL))
		{
			if (!CHECK_EQ(bl_json_decimal(root, list[i].scale, &value), list[i].status))
				printf("# of %s\n", list[i].text);
			CHECK_TEXT(written(root, &arena), list[i].canonical);
		}
		release();
	}
}

static void
paths(void)
{
	static const char text[] = "{\"a\": [0, {\"b c\": [[1]]}], \"\": {\"\xe4\xb8\xad\": 2},"
		"\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\xe4\xb8\xad\xe4\xb8\xad\": 3}";
	BlArena		arena = new_arena();
	BlJson	   *root = tree_of(text, sizeof text - 1, &arena);
	char		path[BL_JSON_PATH];
	char		deep[2000] = "";
	BlJson	   *node;

	if (!CHECK(root != NULL))
		return;
	bl_json_path(root, path);
	CHECK_TEXT(path, "$");
	bl_json_path(bl_json_member(root, "a")->first->next->first->first->first, path);
	CHECK_TEXT(path, "$.a[1].b c[0][0]");
	bl_json_path(root->first->next->first, path);
	CHECK_TEXT(path, "$..\xe4\xb8\xad");
	/* a long key is cut, never inside a character */
	CHECK_EQ(bl_json_path(root->first->next->next, path), 61);
	CHECK_TEXT(path, "$.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");

	/* a long path ends in dots, never inside a character either */
	for (int shift = 0; shift < 3; shift++)
	{
		deep[0] = '\0';
		for (int i = 0; i < 10; i++)
		{
			strcat(deep, "{\"");
			strncat(deep, "xx", i == 0 ? (size_t) shift : 0);
			for (int k = 0; k < 12; k++)
				strcat(deep, "\xe4\xb8\xad");
			strcat(deep, "\": ");
		}
		strcat(deep, "1}}}}}}}}}}");
		root = tree_of(deep, strlen(deep), &arena);
		if (!CHECK(root != NULL))
			return;
		for (node = root; node->first != NULL; node = node->first)
			;
		CHECK((size_t) bl_json_path(node, path) == strlen(path) && strlen(path) < BL_JSON_PATH);
		CHECK_TEXT(path + strlen(path) - 3, "...");
		CHECK(((unsigned char) path[strlen(path) - 4] & 0xC0) == 0x80 || path[strlen(path) - 4] == '.');
		/* the quoted whole must be UTF-8: the reader itself is the judge */
		snprintf(deep, sizeof deep, "\"%s\"", path);
		CHECK(tree_of(deep, strlen(deep), &arena) != NULL);
	}
	release();
}

static void
fields_seen(void)
{
	static const char text[] = "{\"a\": 1, \"b\": [{\"c\": 2, \"d\": {\"e\": 3}}], \"f\": 4}";
	BlArena		arena = new_arena();
	BlJson	   *root = tree_of(text, sizeof text - 1, &arena);
	BlJson	   *b;
	char		path[BL_JSON_PATH];

	CHECK(bl_json_member(root, "x") == NULL);
	CHECK(bl_json_member(NULL, "x") == NULL);
	CHECK(bl_json_member(root->first, "x") == NULL);
	CHECK(bl_json_member(root, "a") != NULL);
	CHECK(bl_json_unseen(root) == root->first->next);
	b = bl_json_member(root, "b");
	bl_json_path(bl_json_unseen(root), path);
	CHECK_TEXT(path, "$.b[0].c");
	bl_json_see_all(b);
	bl_json_path(bl_json_unseen(root), path);
	CHECK_TEXT(path, "$.f");
	CHECK(bl_json_member(root, "f") != NULL && bl_json_unseen(root) == NULL);
	CHECK(bl_json_is(tree_of("\"abc\"", 5, &arena), "abc"));
	CHECK(!bl_json_is(tree_of("\"abc\"", 5, &arena), "ab"));
	CHECK(!bl_json_is(tree_of("1", 1, &arena), "1"));
	CHECK(!bl_json_is(NULL, ""));
	release();
}

/* a random tree as text; its canonical form reads back to itself */
static char random_text[1 << 16];
static size_t random_used;

static void
put(const char *text)
{
	size_t		n = strlen(text);

	if (random_used + n < sizeof random_text)
	{
		memcpy(random_text + random_used, text, n);
		random_used += n;
	}
}

static void
put_random(uint64_t *seed, int depth)
{
	static const char *const scalars[] = {"null", "true", "false", "0", "-1.50", "3e-2", "\"\"", "\"0.10\"",
	"\"\\u4e2d\\n\"", "\"\xf0\x9f\x98\x80\""};
	int			kind = (int) (check_random(seed) % (depth > 5 ? 1 : 3));
	int			n = (int) (check_random(seed) % 6);
	char		key[40];

	if (kind == 0)
	{
		put(scalars[check_random(seed) % 10]);
		return;
	}
	put(kind == 1 ? "[" : "{");
	for (int i = 0; i < n; i++)
	{
		put(i ? " , " : "\n");
		snprintf(key, sizeof key, "\"%c%d\" :", (int) ('a' + check_random(seed) % 26), i);
		if (kind == 2)
			put(key);
		put_random(seed, depth + 1);
	}
	put(kind == 1 ? "]" : "}");
}

static void
mark_random(BlJson *node, uint64_t *seed)
{
	BlDec		value;

	if (check_random(seed) % 2)
		(void) bl_json_decimal(node, 9, &value);
	for (BlJson *c = node->first; c; c = c->next)
		mark_random(c, seed);
}

static void
one_form(void)
{
	uint64_t	seed = 11;

	for (long round = 0; round < check_rounds(3000); round++)
	{
		BlArena		arena = new_arena();
		BlJson	   *root;
		const char *first;

		random_used = 0;
		put_random(&seed, 0);
		root = tree_of(random_text, random_used, &arena);
		if (!CHECK(root != NULL))
			return;
		mark_random(root, &seed);
		first = written(root, &arena);
		root = tree_of(first, strlen(first), &arena);
		if (!CHECK(root != NULL) || !CHECK_TEXT(written(root, &arena), first))
			return;
		/* cut anywhere, it is refused (or was a number that is now another) and nothing beyond is read */
		for (size_t cut = 0; cut < random_used && random_used < 300; cut++)
		{
			char	   *copy = malloc(cut + 1);

			memcpy(copy, random_text, cut);
			copy = realloc(copy, cut ? cut : 1);
			(void) tree_of(copy, cut, &arena);
			free(copy);
		}
		release();
	}
}

static void
memory_ends(void)
{
	static const char text[] = "{\"b\": [1, 2, {\"c\": \"\\u0041\"}], \"a\": {\"z\": [], \"y\": \"text\"}}";
	BlJson	   *root;

	for (size_t ceiling = 0; ceiling < 40000; ceiling += 1000)
	{
		BlArena		arena = new_arena();
		BlStatus	status;

		arena.ceiling = ceiling;
		status = bl_json_parse(text, sizeof text - 1, &arena, &root, &problem);
		CHECK(status == (ceiling < 16384 ? BL_NO_SPACE : BL_OK));
		release();
	}
	CHECK_EQ(bl_json_parse(text, (size_t) BL_JSON_SIZE + 1, NULL, &root, &problem), BL_NO_SPACE);
}

int
main(void)
{
	RUN(accepted);
	RUN(refused);
	RUN(places);
	RUN(depth);
	RUN(decimals);
	RUN(paths);
	RUN(fields_seen);
	RUN(one_form);
	RUN(memory_ends);
	return DONE();
}
