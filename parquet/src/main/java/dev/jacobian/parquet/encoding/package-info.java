// SPDX-License-Identifier: Apache-2.0
/** How levels and values are written in a page; each decoder gives one value at a time and keeps none. */
package dev.jacobian.parquet.encoding;
