// node duckdb.mjs FOLDER METERS: W1 in DuckDB, a native table on disk.
//
// Loads FOLDER/calendar.csv, tariff.csv and rows.METERS.csv, prints bytes on disk,
// then answers each line of its input, a number of threads, with milliseconds
// and the answer.
import {readFileSync, statSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {createInterface} from 'node:readline'
import {fileURLToPath} from 'node:url'
import {DuckDBInstance} from '@duckdb/node-api'

const [folder, meters] = process.argv.slice(2)
const here = dirname(fileURLToPath(import.meta.url))
const text = name => readFileSync(join(here, name), 'utf8')
const file = join(folder, `duckdb.${meters}`)

const db = await DuckDBInstance.create(file)
const c = await db.connect()
await c.run("SET TimeZone = 'Asia/Shanghai'; SET integer_division = true; SET memory_limit = '8GB'")
await c.run(text('peers.sql'))
for (const [table, csv] of [['calendar', 'calendar'], ['tariff', 'tariff'], ['readings', `rows.${meters}`]])
	await c.run(`COPY ${table} FROM '${join(folder, csv)}.csv' (FORMAT csv, HEADER false)`)
await c.run('CHECKPOINT')
console.log(JSON.stringify({bytes: statSync(file).size}))

const query = text('peers_w1.sql')
for await (const threads of createInterface({input: process.stdin})) {
	await c.run(`SET threads = ${Number(threads)}`)
	const start = performance.now()
	const row = (await (await c.run(query)).getRows())[0]
	console.log((performance.now() - start).toFixed(4), row.join('|'))
}
