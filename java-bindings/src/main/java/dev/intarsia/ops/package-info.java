// SPDX-License-Identifier: Apache-2.0
/**
 * One class per kernel: check, bind, run. Fields and verbs are those of the C header, in camelCase.
 */
package dev.intarsia.ops;
