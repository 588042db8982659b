/*
 * keyfile.c - keys come from a file of the server's user, or from a command
 *
 * Never from a table or an argument: what is in them reaches dumps and logs.
 */
#include "postgres.h"

#include <sys/stat.h>
#include <unistd.h>

#include "storage/fd.h"

#include "billing.h"
#include "core/token.h"
#include "keyfile.h"
#include "secret.h"

const BlKeySource bl_token_keys = {"tokens", "billing.token_key_file", &bl_token_key_file, NULL, 32, BL_KEY_MAX};
const BlKeySource bl_seal_keys = {"sealed fields", "billing.seal_key_file", &bl_seal_key_file, &bl_seal_key_command, 32, 32};
const BlKeySource bl_sign_keys = {"signatures", "billing.sign_key_file", &bl_sign_key_file, &bl_sign_key_command, 32, 32};

void
bl_key_refuse(const BlKeySource *source, const char *why)
{
	bool		by_command = source->command != NULL && (*source->command)[0] != '\0';

	ereport(ERROR,
			(errcode(ERRCODE_BILLING_NO_KEY),
			 errmsg("there is no usable key for %s", source->purpose),
			 by_command ? errdetail("What the command of keys prints %s.", why) :
			 errdetail("The file that %s names %s.", source->setting, why),
			 source->min == source->max ?
			 errhint("It is a regular file of the server's user, mode 0600, each line a name and %zu bytes in hexadecimal.", source->min) :
			 errhint("It is a regular file of the server's user, mode 0600, each line a name and at least %zu bytes in hexadecimal.", source->min)));
}

/* a line "NAME HEX"; false: not of this form */
static bool
parse_key(const BlKeySource *source, const char *line, size_t length, BlKey *key)
{
	size_t		name = 0;
	const char *hex;
	size_t		digits;

	while (name < length && line[name] != ' ')
		name++;
	if (name == 0 || name > BL_KEY_NAME_MAX || name == length)
		return false;
	for (size_t i = 0; i < name; i++)
		if (!((line[i] >= 'a' && line[i] <= 'z') || (line[i] >= '0' && line[i] <= '9')))
			return false;
	hex = line + name + 1;
	digits = length - name - 1;
	if (digits % 2 != 0 || digits / 2 < source->min || digits / 2 > source->max)
		return false;
	memcpy(key->name, line, name);
	key->name[name] = '\0';
	key->size = digits / 2;
	return bl_hex_bytes(key->bytes, key->size, hex);
}

/* NULL, or why not */
static const char *
read_file(const BlKeySource *source, char *text, size_t *size)
{
	FILE	   *file = AllocateFile(*source->file, "r");
	const char *why = NULL;
	struct stat about;

	if (file == NULL)
		return "cannot be opened";
	/* of the open file, so that it cannot be exchanged in between */
	if (fstat(fileno(file), &about) != 0 || !S_ISREG(about.st_mode))
		why = "is no regular file";
	else if (about.st_uid != geteuid() || (about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		why = "can be read or written by others";
	else
	{
		/* no buffer of the C library's keeps a copy */
		setvbuf(file, NULL, _IONBF, 0);
		*size = fread(text, 1, BL_KEY_TEXT_MAX, file);
		if (ferror(file) || !feof(file))
			why = "is too long, or cannot be read";
	}
	FreeFile(file);
	return why;
}

/* the command is the administrator's, fixed in the server's configuration */
static const char *
read_command(const BlKeySource *source, char *text, size_t *size)
{
	FILE	   *pipe = OpenPipeStream(*source->command, "r");
	bool		good;

	if (pipe == NULL)
		return "cannot be read";
	setvbuf(pipe, NULL, _IONBF, 0);
	*size = fread(text, 1, BL_KEY_TEXT_MAX, pipe);
	good = !ferror(pipe) && feof(pipe);
	return ClosePipeStream(pipe) == 0 && good ? NULL : "is too long, or the command has failed";
}

const BlKey *
bl_key_find(const BlKeySource *source, const char *name)
{
	bool		by_command = source->command != NULL && (*source->command)[0] != '\0';
	BlSecrets  *secrets = bl_secrets();
	char	   *text = secrets->text;
	const char *why;
	size_t		size = 0;
	bool		found = false,
				broken = false;

	if (!by_command && (*source->file)[0] == '\0')
		bl_key_refuse(source, "is not set");
	why = by_command ? read_command(source, text, &size) : read_file(source, text, &size);
	if (why != NULL)
		bl_key_refuse(source, why);
	for (size_t at = 0; at < size && !found && !broken;)
	{
		size_t		end = at;

		while (end < size && text[end] != '\n')
			end++;
		if (end > at && text[at] != '#')
		{
			broken = !parse_key(source, text + at, end - at, &secrets->found);
			found = !broken && (name == NULL || strcmp(secrets->found.name, name) == 0);
		}
		at = end + 1;
	}
	bl_wipe(text, size);
	if (broken)
		bl_key_refuse(source, "has a line that is no key");
	return found ? &secrets->found : NULL;
}
