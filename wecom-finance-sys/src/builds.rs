use std::fmt;

/// A build of the SDK, told by the sha256 of its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SdkBuild {
    /// v3 of 2025-02-05 for Linux on x86-64: the build that the contracts were measured on.
    V3LinuxX86_64,
    /// v3 of 2025-02-05 for Linux on aarch64.
    V3LinuxAarch64,
    /// A file that is none of the known ones, with its sha256.
    Unknown([u8; 32]),
}

const KNOWN: [(SdkBuild, &str); 2] = [
    (SdkBuild::V3LinuxX86_64, "79ced4de6b18d5e96a21cd06f325794dc8957f8925120538d56d4ce827d3dfd0"),
    (SdkBuild::V3LinuxAarch64, "5d6bbea2cec395fdd17edc912fb08b9d13e010de879bbfa1256c204d3d7fc3cb"),
];

impl SdkBuild {
    /// The build whose file has this sha256.
    #[must_use]
    pub fn from_sha256(sha256: [u8; 32]) -> Self {
        let text = hex(&sha256);
        KNOWN.iter().find(|(_, known)| *known == text).map_or(Self::Unknown(sha256), |(build, _)| *build)
    }

    /// Whether this project has seen the build and measured its behaviour.
    #[must_use]
    pub fn is_known(self) -> bool {
        !matches!(self, Self::Unknown(_))
    }

    /// The sha256 of the file, in lower-case hex digits.
    #[must_use]
    pub fn sha256(self) -> String {
        match self {
            Self::Unknown(sha256) => hex(&sha256),
            known => KNOWN
                .iter()
                .find(|(build, _)| *build == known)
                .map(|(_, text)| (*text).to_owned())
                .unwrap_or_default(),
        }
    }
}

impl fmt::Display for SdkBuild {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V3LinuxX86_64 => f.write_str("v3 of 2025-02-05, Linux x86-64"),
            Self::V3LinuxAarch64 => f.write_str("v3 of 2025-02-05, Linux aarch64"),
            Self::Unknown(sha256) => write!(f, "unknown build, sha256 {}", hex(sha256)),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_build_is_found_by_its_own_digest() {
        for (build, text) in KNOWN {
            let mut sha256 = [0; 32];
            for (byte, digits) in sha256.iter_mut().zip(text.as_bytes().chunks(2)) {
                *byte = u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap();
            }
            assert_eq!(SdkBuild::from_sha256(sha256), build);
            assert_eq!(build.sha256(), text);
            assert!(build.is_known());
        }
    }

    #[test]
    fn an_unknown_build_keeps_its_digest() {
        let build = SdkBuild::from_sha256([0xab; 32]);
        assert!(!build.is_known());
        assert_eq!(build.sha256(), "ab".repeat(32));
    }
}
