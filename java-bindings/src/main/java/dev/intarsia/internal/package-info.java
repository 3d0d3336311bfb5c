// SPDX-License-Identifier: Apache-2.0
/**
 * What the bindings stand on: natives, memory, the reference's table. No other module imports it.
 */
package dev.intarsia.internal;
