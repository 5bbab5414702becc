// SPDX-License-Identifier: Apache-2.0
/** What a Parquet file says of itself: footer, schema, headers of pages, in Thrift's compact protocol. */
package dev.jacobian.parquet.format;
