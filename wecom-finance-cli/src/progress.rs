//! Progress bars on a terminal, nothing otherwise.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write};
use std::sync::OnceLock;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

static BARS: OnceLock<MultiProgress> = OnceLock::new();

/// Decides once whether bars are shown.
pub(crate) fn start(quiet: bool) {
    let shown = !quiet && io::stderr().is_terminal();
    let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    BARS.get_or_init(|| MultiProgress::with_draw_target(target));
}

/// All bars: what is written beside them has to wait for them.
pub(crate) fn bars() -> &'static MultiProgress {
    BARS.get_or_init(|| MultiProgress::with_draw_target(ProgressDrawTarget::hidden()))
}

/// Work whose end is not known.
pub(crate) fn spinner(message: impl Into<Cow<'static, str>>) -> ProgressBar {
    let bar = bars().add(ProgressBar::new_spinner().with_style(style("{spinner} {msg}")));
    bar.set_message(message);
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// Work of so many steps.
pub(crate) fn steps(total: u64, message: impl Into<Cow<'static, str>>) -> ProgressBar {
    let style = style("{spinner} {msg} [{bar:30}] {pos}/{len}");
    let bar = bars().add(ProgressBar::new(total).with_style(style.progress_chars("=> ")));
    bar.set_message(message);
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_invalid| ProgressStyle::default_spinner())
}

/// A writer for log lines that does not tear the bars apart.
#[derive(Debug, Default)]
pub(crate) struct BesideBars(Vec<u8>);

impl Write for BesideBars {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.0);
        bars().suspend(|| io::stderr().write_all(&line))
    }
}

impl Drop for BesideBars {
    fn drop(&mut self) {
        // A log line that cannot be written has nowhere else to go.
        self.flush().unwrap_or_default();
    }
}
