// SPDX-License-Identifier: MIT

/// What the pages under `docs` take from elsewhere, so that it cannot be wrong for long: regions of the
/// code, pictures and paragraphs of class docs, lists of the catalog, and figures of measurements.
///
/// ```text
///   Java files ----Source--> picture, region, class doc -------.
///   docs/results --Measured--> Numbers, ReadAloud, Summary ----+--> Pages --> docs/**.md
/// ```
/// [csdesign.docs.Pages] fills what stands between two marks of a page; a test compares. From sources
/// come [csdesign.docs.Source] and its class doc; from `docs/results` come [csdesign.docs.Measured],
/// the tables of [csdesign.docs.Numbers], and the sentences of [csdesign.docs.ReadAloud] and
/// [csdesign.docs.Summary].
package csdesign.docs;
