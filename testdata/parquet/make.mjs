// SPDX-License-Identifier: Apache-2.0
// Makes the files of this folder: npm install @duckdb/node-api parquet-wasm apache-arrow hyparquet-writer, then
// node make.mjs FOLDER. Three writers that know nothing of each other, and of ours.
import { DuckDBInstance } from '@duckdb/node-api';
import fs from 'fs';
import { parquetWriteFile } from 'hyparquet-writer';
import * as arrow from 'apache-arrow';
import { createRequire } from 'module';
const require = createRequire(import.meta.url);
const out = process.argv[2]; fs.mkdirSync(out, {recursive: true});
const db = await DuckDBInstance.create(':memory:'); const c = await db.connect();
// One table with what data sets have; 40 rows with nulls, empty lists, repeated and long texts.
await c.run(`create table t as select
  i::INTEGER as id, (i*1000000007)::BIGINT as big, (i::DOUBLE)/3 as real, (i::FLOAT)/7 as small,
  i % 3 = 0 as flag, case when i % 5 = 0 then null else 'question ' || i || repeat(' und weiter — ∑', i % 4) end as prompt,
  case when i % 4 = 0 then null when i % 4 = 1 then [] else list_transform(range(i % 6), x -> 'w' || x) end as words,
  [{'role': 'user', 'content': 'q' || i}, {'role': 'assistant', 'content': case when i % 7 = 0 then null else 'a' || (i*i) end}] as messages,
  {'source': case when i % 2 = 0 then 'gsm8k' else 'math' end, 'tags': [i % 3, i % 4], 'inner': {'deep': i % 6}} as info,
  map {'a': i, 'b': i + 1} as scores, [[i, i+1], [], [i+2]] as matrix,
  DATE '2024-01-01' + i::INTEGER as day, TIMESTAMP '2024-01-01 10:00:00' + to_seconds(i::INTEGER * 61) as at, (i::DECIMAL(9,2))/4 as price,
  null::VARCHAR as nothing, 'same' as same, i::UTINYINT as tiny, ('x' || i)::BLOB as raw
  from range(40) r(i)`);
for (const codec of ['uncompressed','snappy','zstd','gzip','lz4_raw','brotli'])
  await c.run(`copy t to '${out}/duckdb-${codec}.parquet' (format parquet, codec '${codec}', row_group_size 2048)`);
await c.run(`copy t to '${out}/duckdb-v2-zstd.parquet' (format parquet, parquet_version v2, codec 'zstd')`);
await c.run(`copy t to '${out}/duckdb-v2-snappy.parquet' (format parquet, parquet_version v2, codec 'snappy')`);
// groups of rows
await c.run(`create table g as select i::INTEGER as id, 'answer number ' || (i % 50) as answer, sqrt(i) as root, [i, i % 7] as pair from range(5000) r(i)`);
await c.run(`copy g to '${out}/duckdb-groups.parquet' (format parquet, codec 'zstd', row_group_size 2048, compression_level 19)`);
await c.run(`copy t to '${out}/duckdb.jsonl' (format json)`);

// arrow-rs through parquet-wasm: version 2 pages, delta encodings
const wasm = require('parquet-wasm/node');
const n = 300;
const texts = Array.from({length: n}, (_, i) => i % 9 === 0 ? null : 'https://example.org/problems/' + Math.floor(i / 3) + '/statement-' + i);
const ints = Array.from({length: n}, (_, i) => (i * i * 31) % 100003 - 50000);
const table = arrow.tableFromArrays({ id: Int32Array.from(ints), value: Float64Array.from(ints, x => x / 8), big: BigInt64Array.from(ints, x => BigInt(x) * 1234567890123n) });
const nested = arrow.vectorFromArray(Array.from({length: n}, (_, i) => i % 5 === 0 ? null : Array.from({length: i % 4}, (_, k) => ({role: k % 2 ? 'assistant' : 'user', content: 'turn ' + k + ' of ' + i}))),
  new arrow.List(new arrow.Field('item', new arrow.Struct([new arrow.Field('role', new arrow.Utf8(), true), new arrow.Field('content', new arrow.Utf8(), true)]), true)));
const url = arrow.vectorFromArray(texts, new arrow.Utf8());
const bools = arrow.vectorFromArray(ints.map(x => x % 2 === 0), new arrow.Bool());
const all = new arrow.Table({ ...Object.fromEntries(table.schema.fields.map((f, i) => [f.name, table.getChildAt(i)])), url, messages: nested, even: bools });
const ipc = arrow.tableToIPC(all, 'stream');
const w = wasm.Table.fromIPCStream(ipc);
const P = wasm;
const variants = {
  'arrow-plain-snappy': b => b.setCompression(P.Compression.SNAPPY).setDictionaryEnabled(false),
  'arrow-dict-zstd': b => b.setCompression(P.Compression.ZSTD),
  'arrow-v2-gzip': b => b.setCompression(P.Compression.GZIP).setWriterVersion(P.WriterVersion.V2),
  'arrow-v2-delta': b => b.setCompression(P.Compression.ZSTD).setWriterVersion(P.WriterVersion.V2).setDictionaryEnabled(false).setColumnEncoding('url', P.Encoding.DELTA_BYTE_ARRAY).setColumnEncoding('id', P.Encoding.DELTA_BINARY_PACKED).setColumnEncoding('big', P.Encoding.DELTA_BINARY_PACKED).setColumnEncoding('value', P.Encoding.BYTE_STREAM_SPLIT).setColumnEncoding('messages.list.item.content', P.Encoding.DELTA_LENGTH_BYTE_ARRAY),
  'arrow-lz4': b => b.setCompression(P.Compression.LZ4_RAW).setDataPageSizeLimit(512),
};
for (const [name, f] of Object.entries(variants)) {
  try { let b = f(new P.WriterPropertiesBuilder()); fs.writeFileSync(`${out}/${name}.parquet`, P.writeParquet(P.Table.fromIPCStream(ipc), b.build())); } catch (e) { console.log(name, e); }
}
fs.writeFileSync(`${out}/arrow.jsonl`, Array.from({length: n}, (_, i) => JSON.stringify({ id: ints[i], value: ints[i] / 8, big: Number(BigInt(ints[i]) * 1234567890123n), url: texts[i], messages: i % 5 === 0 ? null : Array.from({length: i % 4}, (_, k) => ({role: k % 2 ? 'assistant' : 'user', content: 'turn ' + k + ' of ' + i})), even: ints[i] % 2 === 0 })).join('\n') + '\n');
// hyparquet-writer
parquetWriteFile({ filename: `${out}/hyparquet.parquet`, columnData: [
  { name: 'prompt', data: ['a', 'b', null, 'd'], type: 'STRING', nullable: true }, { name: 'answer', data: [1, 2, 3, 4], type: 'INT32' }, { name: 'score', data: [0.5, 1.5, -2, 1e300], type: 'DOUBLE' }, { name: 'extra', data: [{x: 1}, null, [1, 2], 'text'], type: 'JSON', nullable: true } ] });
