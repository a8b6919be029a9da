//! The language of advice.

use std::sync::OnceLock;

use wecom_finance::Language;

use crate::args::Lang;

static LANGUAGE: OnceLock<Language> = OnceLock::new();

/// Decides it once: the option, or else the environment.
pub(crate) fn choose(option: Option<Lang>) {
    let language = match option {
        Some(Lang::Zh) => Language::Chinese,
        Some(Lang::En) => Language::English,
        None => of_environment(|name| std::env::var(name).ok()),
    };
    LANGUAGE.get_or_init(|| language);
}

pub(crate) fn current() -> Language {
    LANGUAGE.get().copied().unwrap_or_default()
}

/// One of two texts.
pub(crate) fn say<'a>(english: &'a str, chinese: &'a str) -> &'a str {
    match current() {
        Language::Chinese => chinese,
        _ => english,
    }
}

/// LC_ALL counts more than LANG, an empty one not at all, as everywhere.
fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Language {
    let locale = ["LC_ALL", "LANG"].into_iter().filter_map(variable).find(|locale| !locale.is_empty());
    if locale.is_some_and(|locale| locale.starts_with("zh")) { Language::Chinese } else { Language::English }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lc_all_counts_more_than_lang() {
        let of = |lc_all: &'static str, lang: &'static str| {
            of_environment(|name| Some(if name == "LC_ALL" { lc_all } else { lang }.to_owned()))
        };
        assert_eq!(of("", "zh_CN.UTF-8"), Language::Chinese);
        assert_eq!(of("C", "zh_CN.UTF-8"), Language::English);
        assert_eq!(of("zh_TW", "en_US"), Language::Chinese);
        assert_eq!(of_environment(|_| None), Language::English);
    }
}
