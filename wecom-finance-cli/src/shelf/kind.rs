//! The extension of a file: from its first bytes, or from its message.

use infer::MatcherType;

/// So many of a file's first bytes tell what it is.
pub(crate) const HEAD: usize = 8 << 10;

/// Where nothing is known.
const UNKNOWN: &str = "bin";

/// The extension that a file of a message gets, without a dot. What pictures and recordings are is told by their first
/// bytes, whatever the message says: a "jpg" is often none. What a file is called is its sender's choice.
pub(crate) fn extension(kind: &str, stated: Option<&str>, head: &[u8]) -> String {
    let stated = stated.and_then(safe);
    let sniffed = sniff(head);
    let chosen = match (sniffed, kind) {
        (Some(Sniffed { extension, is_medium: true }), kind) if !is_named_by_its_sender(kind) => {
            Some(extension.to_owned())
        }
        (Some(Sniffed { extension, .. }), _) => stated.or_else(|| Some(extension.to_owned())),
        (None, _) => stated,
    };
    chosen.unwrap_or_else(|| UNKNOWN.to_owned())
}

fn is_named_by_its_sender(kind: &str) -> bool {
    matches!(kind, "file" | "voip_doc_share")
}

/// The sender chose it, so it may be anything. `part` is taken.
fn safe(extension: &str) -> Option<String> {
    let extension = extension.trim().trim_start_matches('.');
    let is_safe = (1..=10).contains(&extension.len())
        && extension.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && !extension.eq_ignore_ascii_case("part");
    is_safe.then(|| extension.to_ascii_lowercase())
}

struct Sniffed {
    extension: &'static str,
    /// A picture, a recording or a film.
    is_medium: bool,
}

fn sniff(head: &[u8]) -> Option<Sniffed> {
    // WeChat's own voices, with and without a byte of Tencent's before.
    let silk = head.strip_prefix(b"\x02").unwrap_or(head).starts_with(b"#!SILK_V3");
    if silk {
        return Some(Sniffed { extension: "silk", is_medium: true });
    }
    let found = infer::get(head)?;
    let is_medium = match found.matcher_type() {
        MatcherType::Image | MatcherType::Audio | MatcherType::Video => true,
        MatcherType::Archive | MatcherType::Book | MatcherType::Doc | MatcherType::Font => false,
        // Nothing shall become a program by being looked at.
        MatcherType::App | MatcherType::Text | MatcherType::Custom => return None,
    };
    Some(Sniffed { extension: found.extension(), is_medium })
}

#[cfg(test)]
mod tests {
    use super::*;

    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00";
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\x00\xf0\x00\x00\x00\xf0\x08\x06";
    const GIF: &[u8] = b"GIF89a\xf0\x00\xf0\x00\x80\x00\x00";
    const AMR: &[u8] = b"#!AMR\n\x3c\x91";
    const MP4: &[u8] = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom";
    const PDF: &[u8] = b"%PDF-1.7\n";
    const ZIP: &[u8] = b"PK\x03\x04\x14\x00\x00\x00\x08\x00";
    const EXE: &[u8] = b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff";
    const SHELL: &[u8] = b"#!/bin/sh\nrm -rf /";
    const HTML: &[u8] = b"<html><script>";

    #[test]
    fn what_it_is_counts_more_than_what_the_message_says() {
        for (kind, stated, head, expected) in [
            ("image", Some("jpg"), JPEG, "jpg"),
            ("image", Some("jpg"), PNG, "png"),
            ("image", Some("jpg"), GIF, "gif"),
            ("voice", Some("amr"), AMR, "amr"),
            ("voice", Some("amr"), b"#!SILK_V3\x0c".as_slice(), "silk"),
            ("voice", Some("amr"), b"\x02#!SILK_V3\x0c".as_slice(), "silk"),
            ("video", Some("mp4"), MP4, "mp4"),
            ("emotion", Some("gif"), PNG, "png"),
            ("emotion", None, GIF, "gif"),
            ("meeting_voice_call", None, MP4, "mp4"),
            ("other", None, PDF, "pdf"),
            ("other", Some("pptx"), ZIP, "pptx"),
            ("other", Some("txt"), PNG, "png"),
            ("image", Some("jpg"), b"".as_slice(), "jpg"),
            ("image", Some("jpg"), b"nothing known".as_slice(), "jpg"),
            ("meeting_voice_call", None, b"nothing known".as_slice(), "bin"),
        ] {
            assert_eq!(extension(kind, stated, head), expected, "{kind} {stated:?} {head:?}");
        }
    }

    #[test]
    fn a_file_is_called_as_its_sender_called_it() {
        for (stated, head, expected) in [
            (Some("docx"), ZIP, "docx"),
            (Some("jpg"), PNG, "jpg"),
            (None, PNG, "png"),
            (Some(""), PDF, "pdf"),
            (None, b"nothing known".as_slice(), "bin"),
        ] {
            assert_eq!(extension("file", stated, head), expected, "{stated:?}");
            assert_eq!(extension("voip_doc_share", stated, head), expected, "{stated:?}");
        }
    }

    #[test]
    fn nothing_becomes_a_program_by_its_first_bytes() {
        for head in [EXE, SHELL, HTML] {
            assert_eq!(extension("image", Some("jpg"), head), "jpg");
            assert_eq!(extension("file", None, head), "bin");
        }
    }

    #[test]
    fn a_senders_extension_cannot_leave_the_directory() {
        for (given, kept) in [
            (Some("XLSX"), "xlsx"),
            (Some("7z"), "7z"),
            (Some(".pdf"), "pdf"),
            (Some(""), "bin"),
            (None, "bin"),
            (Some("../../etc"), "bin"),
            (Some("a/b"), "bin"),
            (Some("表格"), "bin"),
            (Some("part"), "bin"),
            (Some("Part"), "bin"),
            (Some("averyveryverylongextension"), "bin"),
        ] {
            assert_eq!(extension("file", given, b""), kept, "{given:?}");
        }
    }
}
