// SPDX-License-Identifier: Apache-2.0
/**
 * Reads Parquet: {@link dev.jacobian.parquet.ParquetFormat} hands out rows, which a record assembler puts together from one cursor for
 * each column; cursors hold a page at a time. Below lie {@code format} (what the file says of itself), {@code codec} (compression) and
 * {@code encoding} (how values are written in a page).
 */
package dev.jacobian.parquet;
