//! Progress bars on a terminal, nothing otherwise.

use std::borrow::Cow;
use std::io::{self, IsTerminal as _, Write};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{BinaryBytes, HumanDuration, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

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

/// Whether anybody sees the bars.
fn are_shown() -> bool {
    !bars().is_hidden()
}

/// The line about media files: how many, how fast, and how long what is left has.
#[derive(Debug)]
pub(crate) struct MediaLine {
    corp_id: String,
    /// Not shown itself: it reckons the rate.
    bytes: ProgressBar,
    shown: Mutex<Shown>,
}

#[derive(Debug, Default)]
struct Shown {
    bar: Option<ProgressBar>,
    refreshed: Option<Instant>,
}

/// The counts come out of the database: not more often than people can read them.
const REFRESH: Duration = Duration::from_millis(500);

impl MediaLine {
    pub(crate) fn new(corp_id: &str) -> Self {
        Self { corp_id: corp_id.to_owned(), bytes: ProgressBar::hidden(), shown: Mutex::default() }
    }

    pub(crate) fn arrived(&self, bytes: u64) {
        self.bytes.inc(bytes);
    }

    /// Shows how many files are done and pending, and in how many milliseconds the time of the next one is over. `is_last`:
    /// nothing more comes for a while.
    pub(crate) fn show<E>(&self, is_last: bool, counts: impl FnOnce() -> Result<(u64, u64, Option<i64>), E>) {
        if !are_shown() {
            return;
        }
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if !is_last && shown.refreshed.is_some_and(|before| before.elapsed() < REFRESH) {
            return;
        }
        shown.refreshed = Some(Instant::now());
        let Ok((done, pending, left)) = counts() else { return };
        if pending == 0 {
            if let Some(bar) = shown.bar.take() {
                bar.finish_and_clear();
            }
            return;
        }
        let bar = shown.bar.get_or_insert_with(media_bar);
        bar.set_length(done.saturating_add(pending));
        bar.set_position(done);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate to look at, never negative"
        )]
        let rate = self.bytes.per_sec() as u64;
        let left = left
            .and_then(|millis| u64::try_from(millis).ok())
            .map(|millis| format!(", the first expires in {}", HumanDuration(Duration::from_millis(millis))));
        bar.set_prefix(format!("{}: media", self.corp_id));
        bar.set_message(format!(
            "{}, {}/s{}",
            BinaryBytes(self.bytes.position()),
            BinaryBytes(rate),
            left.unwrap_or_default()
        ));
    }

    pub(crate) fn clear(&self) {
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bar) = shown.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn media_bar() -> ProgressBar {
    let style = style("{spinner} {prefix} [{bar:20}] {pos}/{len}, {msg}").progress_chars("=> ");
    let bar = bars().add(ProgressBar::new(0).with_style(style));
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
