// SPDX-License-Identifier: Apache-2.0
/** Contexts, tensors, masks, owners and shapes: the library as Java sees it. */
package dev.intarsia;
