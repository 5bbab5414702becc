// SPDX-License-Identifier: Apache-2.0
/**
 * Rows of data sets, one after another: {@link dev.jacobian.io.rows.Rows} reads JSON lines, JSON, CSV, Parquet and Hugging Face
 * data-set folders, each {@link dev.jacobian.io.rows.Row} a JSON value that knows its file and number. Formats that other modules
 * read come as a {@link dev.jacobian.io.rows.RowFormat}.
 */
package dev.jacobian.io.rows;
