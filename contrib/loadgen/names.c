/*
 * names.c - names, addresses and numbers that nobody has on purpose
 */
#include "county.h"

#include <stdio.h>

static const char *const surnames[] = {
	"王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "胡", "朱", "高", "林", "何", "郭", "马", "罗",
	"梁", "宋", "郑", "谢", "韩", "唐", "冯", "于", "董", "萧", "程", "曹", "袁", "邓", "许", "傅", "沈", "曾", "彭", "吕"};
static const char *const given[] = {
	"伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明", "超", "秀", "霞", "平",
	"刚", "桂", "英", "华", "玉", "兰", "飞", "红", "鹏", "辉", "玲", "建", "国", "春", "梅", "海", "燕", "文", "志", "新",
	"云", "峰", "雪", "林", "晨", "宇", "欣", "怡", "浩", "然", "子", "轩", "思", "雨", "佳", "琪", "博", "文", "嘉", "慧"};
static const char *const towns[] = {
	"青禾", "云岭", "石桥", "柳河", "白沙", "东湖", "南山", "凤台", "长亭", "杏林", "双溪", "金坪", "梅岭", "清泉", "龙门", "永安"};
static const char *const shops[] = {"小吃店", "便利店", "理发店", "药房", "宾馆", "修理厂", "幼儿园", "超市"};
static const char *const works[] = {"轴承厂", "纺织厂", "铸造厂", "食品厂", "造纸厂", "塑料厂", "电子厂", "水泥厂"};
static const char *const farms[] = {"泵站", "农场", "养殖场", "果园"};
static const char *const streets[] = {"柳树街", "解放路", "新华路", "河滨路", "学府路", "老街", "桃园巷", "站前路"};

#define LENGTH(list) ((int) (sizeof(list) / sizeof(list[0])))
#define ANY(list, chance) (list[chance_below(chance, LENGTH(list))])

const char *
name_town(int org)
{
	return towns[(org - 1) % LENGTH(towns)];
}

void
name_person(char *name, Chance *chance)
{
	const char *family = ANY(surnames, chance);
	const char *first = ANY(given, chance);

	snprintf(name, NAME_SIZE, "%s%s%s", family, first, chance_permille(chance, 800) ? ANY(given, chance) : "");
}

void
name_firm(char *name, Kind kind, int64_t number, Chance *chance)
{
	const char *town = ANY(towns, chance);

	if (number == FEATURED)
		snprintf(name, NAME_SIZE, "青禾精密轴承有限公司");
	else if (kind == STREET)
		snprintf(name, NAME_SIZE, "%s路灯管理所%lld号线", town, (long long) number);
	else if (kind == UNMETERED)
		snprintf(name, NAME_SIZE, "%s通信机柜%lld号", town, (long long) number);
	else
		snprintf(name, NAME_SIZE, "%s%s（%lld）", town,
				 kind == WORKS ? ANY(works, chance) : kind == FARM ? ANY(farms, chance) : ANY(shops, chance), (long long) number);
}

void
name_address(char *name, const Account *account, Chance *chance)
{
	const char *street = ANY(streets, chance);
	int			house = chance_between(chance, 1, 180);
	int			stairs = chance_between(chance, 1, 6);
	int			storey = chance_between(chance, 1, 18);

	/* one draw a statement: the order of arguments is the compiler's */
	if (account->kind <= HOME_READ && chance_permille(chance, 600))
		snprintf(name, NAME_SIZE, "%s镇%s%d号%d单元%d室", name_town(account->org), street, house, stairs,
				 100 * storey + chance_between(chance, 1, 4));
	else
		snprintf(name, NAME_SIZE, "%s镇%s%d号", name_town(account->org), street, house);
}

/* scattered over all values below the limit, each account another: the factor shares no divisor with the limits here */
static int64_t
scattered(const County *county, int64_t number, int64_t limit)
{
	return (number * 7919 + (int64_t) (county->options.seed % 1000003) * 104729) % limit;
}

/* GB 11643: division, day of birth, order, check digit by ISO 7064 MOD 11-2 */
void
name_resident_number(char *name, const County *county, int64_t number)
{
	static const int weight[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
	int			of_all = (int) scattered(county, number, 61 * 12 * 28 * 999);
	int			sum = 0;

	snprintf(name, NAME_SIZE, "999999%04d%02d%02d%03d", 1945 + of_all % 61, 1 + of_all / 61 % 12, 1 + of_all / 61 / 12 % 28,
			 1 + of_all / 61 / 12 / 28 % 999);
	for (int i = 0; i < 17; i++)
		sum += weight[i] * (name[i] - '0');
	name[17] = "10X98765432"[sum % 11];
	name[18] = '\0';
}

/* GB 32100: kind of body, division, body, check character by a weighted sum modulo 31 */
void
name_credit_code(char *name, const County *county, int64_t number)
{
	static const char digit[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
	int			weight = 1;
	int			sum = 0;

	snprintf(name, NAME_SIZE, "91999999%09d", (int) scattered(county, number, 1000000000));
	for (int i = 0; i < 17; i++)
	{
		sum += weight * (name[i] - '0');
		weight = weight * 3 % 31;
	}
	name[17] = digit[(31 - sum % 31) % 31];
	name[18] = '\0';
}

void
name_mobile(char *name, const County *county, int64_t number)
{
	snprintf(name, NAME_SIZE, "100%08d", (int) scattered(county, number, 100000000));
}
