/* billing: the extension script, put together from sql/ by make */

\echo Use "CREATE EXTENSION billing" to load this file. \quit

