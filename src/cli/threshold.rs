//! The variables of `--report-time` and `--ensure-time`: `WARN,CRITICAL`, both in milliseconds. The texts are
//! libtest's, which panics with them.

use std::time::Duration;

use super::Environment;
use crate::error::Error;
use crate::model::Threshold;

impl Environment {
    /// The thresholds that a variable gives.
    pub(crate) fn threshold(&self, name: &str) -> Result<Option<Threshold>, Error> {
        self.value(name).map(|value| threshold(name, value).map_err(Error::usage)).transpose()
    }
}

fn threshold(name: &str, value: &str) -> Result<Threshold, String> {
    let Some((warn, critical)) = value.split_once(',') else {
        return Err(format!(
            "Duration variable {name} expected to have 2 numbers separated by comma, but got {value}"
        ));
    };
    let (warn, critical) = (number(name, warn)?, number(name, critical)?);
    if warn > critical {
        return Err("Test execution warn time should be less or equal to the critical time".into());
    }
    Ok(Threshold { warn: Duration::from_millis(warn), critical: Duration::from_millis(critical) })
}

fn number(name: &str, text: &str) -> Result<u64, String> {
    let refusal = |_| format!("Duration value in variable {name} is expected to be a number, but got {text}");
    text.parse().map_err(refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_numbers_are_two_durations() {
        let threshold = Environment::from([("T", "5,20")]).threshold("T").unwrap();
        let (warn, critical) = (Duration::from_millis(5), Duration::from_millis(20));
        assert_eq!(threshold, Some(Threshold { warn, critical }));
        assert_eq!(Environment::default().threshold("T").unwrap(), None);
    }

    #[test]
    fn anything_else_is_refused_in_the_words_of_libtest() {
        for (value, text) in [
            ("5", "Duration variable T expected to have 2 numbers separated by comma, but got 5"),
            ("x", "Duration variable T expected to have 2 numbers separated by comma, but got x"),
            ("x,5", "Duration value in variable T is expected to be a number, but got x"),
            ("5,", "Duration value in variable T is expected to be a number, but got "),
            ("1,2,3", "Duration value in variable T is expected to be a number, but got 2,3"),
            ("9,5", "Test execution warn time should be less or equal to the critical time"),
        ] {
            let refusal = Environment::from([("T", value)]).threshold("T").unwrap_err();
            assert_eq!(refusal.to_string(), text, "{value}");
        }
    }
}
