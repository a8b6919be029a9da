//! Temporary files of earlier runs that nobody goes on with.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use super::fetch::PART;

/// Removes the parts that were last written before this pass began. All that are still needed have been used by now.
pub(super) fn remove(media: &Path, corp_id: &str, before: SystemTime) {
    let Ok(directories) = fs::read_dir(media.join(corp_id)) else { return };
    for directory in directories.flatten().filter(|entry| is_number(&entry.file_name().to_string_lossy())) {
        let Ok(files) = fs::read_dir(directory.path()) else { continue };
        for file in files.flatten().filter(|entry| is_part(&entry.file_name().to_string_lossy())) {
            let is_old =
                file.metadata().and_then(|metadata| metadata.modified()).is_ok_and(|time| time < before);
            if is_old && let Err(error) = fs::remove_file(file.path()) {
                tracing::warn!(path = %file.path().display(), %error, "a temporary file cannot be removed");
            }
        }
    }
}

/// The form of our own names, and no other: `17-0.jpg.part`.
fn is_part(name: &str) -> bool {
    let stem = name.strip_suffix(PART).and_then(|name| name.split_once('.')).map(|(stem, _extension)| stem);
    stem.and_then(|stem| stem.split_once('-'))
        .is_some_and(|(seq, position)| is_number(seq) && is_number(position))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_our_own_old_parts_go() {
        let dir = tempfile::tempdir().unwrap();
        let files = dir.path().join("ww1").join("0");
        fs::create_dir_all(&files).unwrap();
        for name in ["17-0.jpg.part", "17-0.jpg", "notes.part", "a-b.jpg.part"] {
            fs::write(files.join(name), "x").unwrap();
        }
        remove(dir.path(), "ww1", SystemTime::now() - Duration::from_secs(3_600));
        assert!(files.join("17-0.jpg.part").exists());
        remove(dir.path(), "ww1", SystemTime::now() + Duration::from_secs(3_600));
        assert!(!files.join("17-0.jpg.part").exists());
        assert_eq!(fs::read_dir(&files).unwrap().count(), 3);
    }
}
