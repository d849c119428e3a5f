use crate::Secret;

/// Who one is on which machine, as `ftp` and `curl` keep it. Entries named `default` are left out: a password goes only where
/// somebody named the machine.
#[derive(Debug, Default)]
pub(crate) struct Netrc(Vec<Entry>);

/// What is known of one machine.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    machine: String,
    pub(crate) login: Option<Secret>,
    pub(crate) password: Option<Secret>,
}

impl Netrc {
    /// The entries of a text: `machine HOST login NAME password WORD`, over one line or several.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut open = false;
        let mut words = words(text)?.into_iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or("its last word has no value");
            match word.as_str() {
                "machine" => {
                    entries.push(Entry { machine: value()?.to_ascii_lowercase(), ..Entry::default() });
                    open = true;
                }
                "default" => open = false,
                "login" | "password" | "account" => {
                    let secret = Secret::new(value()?);
                    match (word.as_str(), entries.last_mut().filter(|_| open)) {
                        ("login", Some(entry)) => entry.login = Some(secret),
                        ("password", Some(entry)) => entry.password = Some(secret),
                        _ => {}
                    }
                }
                _ => return Err("a word stands where machine, login or password should; macros are not read"),
            }
        }
        Ok(Self(entries))
    }

    /// The first entry of a machine.
    pub(crate) fn entry(&self, host: &str) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.machine.eq_ignore_ascii_case(host))
    }
}

/// Words between blanks; in quotes with `\` before a quote or backslash; `#` at the head of a word begins a comment.
fn words(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    for line in text.lines() {
        let mut letters = line.chars().peekable();
        while let Some(&letter) = letters.peek() {
            if letter.is_whitespace() {
                letters.next();
                continue;
            }
            // A password may begin with the sign, but then it is the value of the word before it.
            if letter == '#' && !words.last().is_some_and(|word| word == "password" || word == "login") {
                break;
            }
            let mut word = String::new();
            if letter == '"' {
                letters.next();
                loop {
                    match letters.next().ok_or("a quote is never closed")? {
                        '"' => break,
                        '\\' => word.push(letters.next().ok_or("a quote is never closed")?),
                        letter => word.push(letter),
                    }
                }
            } else {
                while let Some(letter) = letters.next_if(|letter| !letter.is_whitespace()) {
                    word.push(letter);
                }
            }
            words.push(word);
        }
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(netrc: &'a Netrc, host: &str) -> (&'a str, &'a str) {
        let entry = netrc.entry(host).expect("an entry");
        (entry.login.as_ref().expect("a login").expose(), entry.password.as_ref().expect("a password").expose())
    }

    #[test]
    fn entries_are_found_by_machine() {
        let text = "# mine\nmachine a.org login me password pw # tail\nmachine B.org\n  login \"you two\"\n  password \"p\\\"w\"\nmachine c.org login x account y password #z\n";
        let netrc = Netrc::parse(text).expect("a netrc");
        assert_eq!(of(&netrc, "A.ORG"), ("me", "pw"));
        assert_eq!(of(&netrc, "b.org"), ("you two", "p\"w"));
        assert_eq!(of(&netrc, "c.org"), ("x", "#z"));
        assert!(netrc.entry("d.org").is_none());
    }

    #[test]
    fn a_default_is_for_nobody() {
        let netrc = Netrc::parse("machine a.org login me password pw\ndefault login all password hunter2").expect("a netrc");
        assert_eq!(of(&netrc, "a.org"), ("me", "pw"));
        assert!(netrc.entry("b.org").is_none());
    }

    #[test]
    fn what_is_no_netrc_is_refused_without_its_words() {
        for text in ["machine", "machine a.org login", "TOKEN=hunter2", "machine a.org password \"hunter2", "macdef hunter2"] {
            let told = Netrc::parse(text).expect_err("refused");
            assert!(!told.contains("hunter2"), "{told}");
        }
    }
}
