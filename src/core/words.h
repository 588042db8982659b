/*
 * words.h - an amount of money in words, as bills and receipts must say it
 *
 * Chinese as the rules of payment and settlement (支付结算办法 附一) ask: 人民币
 * without a gap, 壹贰叁 and 拾佰仟万亿, one 零 for zeros inside, 整 where the amount
 * ends at 元.  Where the rules leave a choice: 零 is written when the 元 digit
 * is zero and 角 is not; not when the 万 digit is zero and 仟 is not; an amount that
 * ends at 角 has no 整.  Smaller units than 分 are 厘 and 毫.
 */
#ifndef BL_WORDS_H
#define BL_WORDS_H

#include "fixed.h"

enum
{
	BL_WORDS_SIZE = 512			/* room for any result */
};

/*
 * The decimals of a currency, 0 .. 4: the minor unit of ISO 4217 (its list one, as published by
 * SIX, its maintenance agency).  What is not listed there has 2, as most have; -1: not three capital letters.
 */
extern int	bl_currency_decimals(const char *currency);

/*
 * At most the currency's decimals (BL_BAD_VALUE), below 10^16 (BL_OVERFLOW); currency is
 * three capital letters (BL_BAD_TEXT).  The text is UTF-8, terminated.
 */
extern BlStatus bl_words_zh(BlDec amount, const char *currency, char out[BL_WORDS_SIZE]);
extern BlStatus bl_words_en(BlDec amount, const char *currency, char out[BL_WORDS_SIZE]);

#endif							/* BL_WORDS_H */
