// SPDX-License-Identifier: Apache-2.0

/** Messages of protobuf (proto3 wire format), field by field: no schema, no generated classes, no reflection. */
package dev.jacobian.io.protobuf;
