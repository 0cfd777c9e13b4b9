//! A headless Chromium, driven through chromedriver by the WebDriver protocol.
//
// Source: W3C, WebDriver 2: a session, and JSON over HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

/// A browser with a page; both end with it.
pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    _profile: tempfile::TempDir,
}

const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--disable-extensions",
];

impl Browser {
    /// A browser with a window of this size [px]; `None` where there is none on this machine.
    pub(crate) fn start(size: (u32, u32), dark: bool) -> Option<Self> {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut said = BufReader::new(driver.stdout.take()?).lines();
        let port = said.find_map(|line| {
            let line = line.ok()?;
            let digits = line.split("successfully on port ").nth(1)?;
            digits.trim_end_matches('.').parse::<u16>().ok()
        })?;
        // What it says later must not fill the pipe.
        std::thread::spawn(move || said.for_each(drop));
        let profile = tempfile::tempdir().unwrap();
        let mut flags: Vec<String> = FLAGS.map(str::to_owned).to_vec();
        flags.push(format!("--user-data-dir={}", profile.path().display()));
        flags.push(format!("--window-size={},{}", size.0, size.1));
        if dark {
            flags.push("--force-dark-mode".to_owned());
            flags.push("--blink-settings=preferredColorScheme=0".to_owned());
        }
        let mut browser = Self {
            driver,
            port,
            session: String::new(),
            _profile: profile,
        };
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": flags},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }}});
        let answer = browser.ask("POST", "/session", &wanted);
        browser.session = answer["sessionId"].as_str().unwrap().to_owned();
        Some(browser)
    }

    /// Sends a request and returns the value of the answer.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = body.to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            answer.read_line(&mut line).unwrap();
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line.trim().is_empty() {
                break;
            }
        }
        let mut text = vec![0; length];
        answer.read_exact(&mut text).unwrap();
        let mut answer: Value = serde_json::from_slice(&text).unwrap();
        let value = answer["value"].take();
        assert!(value["error"].is_null(), "{path}: {value}");
        value
    }

    fn of_session(&self, path: &str, body: &Value) -> Value {
        self.ask("POST", &format!("/session/{}/{path}", self.session), body)
    }

    /// Opens a file.
    pub(crate) fn open(&self, file: &Path) {
        let url = format!("file://{}", file.display());
        self.of_session("url", &json!({"url": url}));
    }

    /// Runs `script` in the page and returns what it returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.of_session("execute/sync", &json!({"script": script, "args": []}))
    }

    /// What the page wrote to its console, and errors of its scripts.
    pub(crate) fn console(&self) -> Vec<Value> {
        let log = self.of_session("se/log", &json!({"type": "browser"}));
        log.as_array().unwrap().clone()
    }

    /// Addresses that the page asked for.
    pub(crate) fn requests(&self) -> Vec<String> {
        let log = self.of_session("se/log", &json!({"type": "performance"}));
        let messages = log.as_array().unwrap().iter();
        let messages =
            messages.map(|entry| entry["message"].as_str().unwrap().parse::<Value>().unwrap());
        messages
            .filter(|message| message["message"]["method"] == "Network.requestWillBeSent")
            .map(|message| {
                let url = &message["message"]["params"]["request"]["url"];
                url.as_str().unwrap().to_owned()
            })
            .collect()
    }

    /// Presses `key` (a code point of the protocol, or a letter).
    pub(crate) fn press(&self, key: &str) {
        let actions = json!({"actions": [{"type": "key", "id": "keys", "actions": [
            {"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]}]});
        self.of_session("actions", &actions);
    }

    /// A picture of the window as PNG in base 64.
    pub(crate) fn screenshot(&self) -> String {
        let path = format!("/session/{}/screenshot", self.session);
        self.ask("GET", &path, &json!({}))
            .as_str()
            .unwrap()
            .to_owned()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            self.ask("DELETE", &format!("/session/{}", self.session), &json!({}));
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
