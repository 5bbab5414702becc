// SPDX-License-Identifier: Apache-2.0
/**
 * Rows of Parquet files, for {@link dev.jacobian.io.rows.Rows}: put it on the module path, and Parquet is read. It needs no library and
 * no native code.
 */
module dev.jacobian.parquet {
    requires transitive dev.jacobian.io;

    exports dev.jacobian.parquet;

    provides dev.jacobian.io.rows.RowFormat with
            dev.jacobian.parquet.ParquetFormat;
}
