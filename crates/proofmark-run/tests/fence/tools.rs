//! Tools: programs of this machine in fences, on files that they are given. Small scripts and C programs stand for compilers
//! and agents that somebody has taken over.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use proofmark_run::fence::{Code, How, Limits};
use proofmark_run::native::Natives;
use proofmark_run::tool::{Done, Executable, Job, Surroundings, Tool, ToolError};

use super::cases::Test;
use super::rig::{compile, new_launcher, open_to_all};

pub fn all() -> Vec<Test> {
    macro_rules! tests {
        ($($name:ident),* $(,)?) => { vec![$((stringify!($name), $name as fn())),*] };
    }
    tests![
        a_tool_works_on_its_files,
        a_tool_sees_nothing_else_of_the_machine,
        a_tool_that_takes_too_much_is_ended,
        a_tool_that_forks_without_end_is_ended,
        a_tool_is_stopped,
        what_a_tool_leaves_is_read_as_hostile,
        surroundings_differ,
        a_tool_that_is_none_is_refused,
    ]
}

const LIMITS: Limits =
    Limits { memory_bytes: 64 << 20, processes: 16, file_bytes: 8 << 20, open_files: 64, cpu_seconds: 2 };

fn natives() -> &'static Natives {
    static NATIVES: OnceLock<Natives> = OnceLock::new();
    NATIVES.get_or_init(|| Natives::new(Arc::new(new_launcher()), std::env::temp_dir()))
}

/// A tool in a folder of its own, which is gone when this is dropped.
struct Made {
    folder: tempfile::TempDir,
    path: PathBuf,
}

fn made(bytes: &[u8]) -> Made {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    open_to_all(folder.path());
    let path = folder.path().canonicalize().unwrap().join("tool");
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    Made { folder, path }
}

fn script(text: &str) -> Made {
    made(format!("#!/bin/sh\n{text}\n").as_bytes())
}

/// The tool with these other programs.
fn tool(made: &Made, others: &[&str]) -> Tool {
    let executable = Executable::at(&made.path, &|_| None).unwrap();
    let others: Vec<PathBuf> = others.iter().map(PathBuf::from).collect();
    let needs: Vec<PathBuf> = executable.needs(&others).unwrap().into_iter().collect();
    Tool::new(&executable, &needs, Code::Fixed, LIMITS).unwrap()
}

fn job<'a>(arguments: &'a [String], files: &'a [(String, Vec<u8>)]) -> Job<'a> {
    Job {
        arguments,
        stdin: b"input\n",
        files,
        written_bytes_max: 1 << 16,
        // Far more than the processor time, for busy machines.
        whole_ms: 240_000,
        surroundings: Surroundings::Usual,
    }
}

fn run(made: &Made, others: &[&str], arguments: &[&str]) -> Result<Done, ToolError> {
    let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
    tool(made, others).run(natives(), &job(&arguments, &[]), &mut || false)
}

fn file(path: &str, text: &str) -> (String, Vec<u8>) {
    (path.to_owned(), text.as_bytes().to_vec())
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn a_tool_works_on_its_files() {
    let made =
        script("read line; echo \"$line $1 $(cat in/a)\"; echo new > in/b; echo changed > c; echo why >&2; exit 3");
    let files = [file("in/a", "given"), file("c", "before"), file("d", "stays")];
    let arguments = ["-x".to_owned()];
    let done = tool(&made, &["/bin/cat"]).run(natives(), &job(&arguments, &files), &mut || false).unwrap();
    assert_eq!(done.how, How::Code(3));
    assert_eq!(text(&done.stdout), "input -x given\n");
    assert_eq!(text(&done.stderr), "why\n");
    assert_eq!(done.files, [file("c", "changed\n"), file("in/b", "new\n")]);
    // Nothing is left over for the next one.
    let done = tool(&made, &["/bin/cat"]).run(natives(), &job(&arguments, &[]), &mut || false).unwrap();
    assert!(text(&done.stderr).contains("in/a"), "{}", text(&done.stderr));
}

const REACHES: &str = r#"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>
static void reads(const char *path) {
    char found[200];
    int file = open(path, O_RDONLY);
    int size = file < 0 ? -1 : (int)read(file, found, sizeof found);
    printf("%s: %s\n", path, size < 0 ? "no" : "READ");
    if (size > 0) fwrite(found, 1, size, stdout);
}
static void connects(int port) {
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int made = socket(AF_INET, SOCK_STREAM, 0);
    printf("connect: %s\n", made >= 0 && !connect(made, (void *)&at, sizeof at) ? "DONE" : "no");
    printf("unix: %s\n", socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? "no" : "DONE");
    printf("datagram: %s\n", socket(AF_INET, SOCK_DGRAM, 0) < 0 ? "no" : "DONE");
}
static void writes(const char *path) {
    printf("write: %s\n", open(path, O_WRONLY | O_CREAT, 0600) < 0 ? "no" : "DONE");
}
int main(int count, char **arguments) {
    const char *const places[] = { "/etc/passwd", "/proc/self/environ", "/proc/1/environ", "/root/.ssh/id_ed25519", "/dev/sda", "/dev/mem" };
    for (unsigned i = 0; i < sizeof places / sizeof *places; i++) reads(places[i]);
    reads(arguments[1]);
    writes(arguments[1]);
    writes(arguments[0]);
    writes("/new");
    connects(atoi(arguments[2]));
    extern char **environ;
    for (char **one = environ; *one; one++) puts(*one);
    DIR *root = opendir("/");
    for (struct dirent *one; root && (one = readdir(root));) printf("root has %s\n", one->d_name);
    return 0;
}
"#;

fn a_tool_sees_nothing_else_of_the_machine() {
    // Linked as usual, so that its library and loader have to be found.
    let made = made(&compile(REACHES, &[]));
    let key = made.folder.path().join("key");
    fs::write(&key, "CANARY-7f3a").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let done = run(&made, &[], &[key.to_str().unwrap(), &port]).unwrap();
    let said = text(&done.stdout);
    for forbidden in ["READ", "DONE", "CANARY", "root has"] {
        assert!(!said.contains(forbidden), "`{forbidden}` in:\n{said}");
    }
    assert_eq!(said.matches(": no\n").count(), 13, "{said}");
    assert!(said.contains("SOURCE_DATE_EPOCH=0\n"), "{said}");
    assert_eq!(fs::read(&key).unwrap(), b"CANARY-7f3a");
    assert!(listener.accept().is_err(), "somebody connected");
}

fn cut(made: &Made, others: &[&str]) -> String {
    match run(made, others, &[]) {
        Err(ToolError::Cut(why)) => why,
        other => panic!("{other:?}"),
    }
}

fn a_tool_that_takes_too_much_is_ended() {
    let bomb = made(&compile("int main(void) { for (;;) memset(malloc(1 << 20), 1, 1 << 20); }", &[]));
    assert_eq!(cut(&bomb, &[]), "used more than 67108864 bytes of memory");
    let endless = made(&compile("int main(void) { for (;;); }", &[]));
    assert_eq!(cut(&endless, &[]), "used more than 2 s of processor time");
    let flood = script("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done");
    assert_eq!(cut(&flood, &[]), "wrote more than 65536 bytes to standard output");
    let large = made(&compile(
        "int main(void) { static char block[1 << 20]; int f = open(\"x\", O_WRONLY | O_CREAT, 0600);
         for (;;) write(f, block, sizeof block); }",
        &[],
    ));
    assert_eq!(cut(&large, &[]), "wrote a file of more than 8388608 bytes");
    let many = made(&compile(
        "int main(void) { char name[20]; for (int i = 0;; i++) { sprintf(name, \"%d\", i); close(creat(name, 0600)); } }",
        &[],
    ));
    assert_eq!(cut(&many, &[]), "made more than 80000 entries in the trees that it was given");
    let sleeps = tool(&made(&compile("int main(void) { pause(); }", &[])), &[]);
    let short = Job { whole_ms: 200, ..job(&[], &[]) };
    let ended = sleeps.run(natives(), &short, &mut || false);
    assert_eq!(ended, Err(ToolError::Cut("took longer than 200 ms".to_owned())));
}

fn a_tool_that_forks_without_end_is_ended() {
    let made = script("bomb() { bomb | bomb & bomb; }; bomb");
    let started = Instant::now();
    let tool = tool(&made, &[]);
    let ended = tool.run(natives(), &Job { whole_ms: 3000, ..job(&[], &[]) }, &mut || false);
    match ended {
        Err(ToolError::Cut(_)) => {}
        Ok(done) => assert!(done.how != How::Code(0), "{done:?}"),
        other => panic!("{other:?}"),
    }
    assert!(started.elapsed() < Duration::from_secs(30));
    // The machine is as good as before.
    assert_eq!(text(&run(&script("echo on"), &[], &[]).unwrap().stdout), "on\n");
}

fn a_tool_is_stopped() {
    let made = made(&compile("int main(void) { pause(); }", &[]));
    let mut asked = 0;
    let stopped = tool(&made, &[]).run(natives(), &job(&[], &[]), &mut || {
        asked += 1;
        asked > 5
    });
    assert_eq!(stopped, Err(ToolError::Stopped));
}

fn what_a_tool_leaves_is_read_as_hostile() {
    let made = made(&compile(
        "int main(int n, char **a) {
            switch (a[1][0]) {
            case 's': return symlink(\"/etc/passwd\", \"out\");
            case 'i': creat(\"x\", 0600); return symlink(\"x\", \"out\");
            case 'h': creat(\"x\", 0600); return link(\"x\", \"out\");
            case 'n': return creat(\"\\xff\", 0600) < 0;
            case 'm': return creat(\"closed\", 0) < 0;
            case 'd': mkdir(\"d\", 0); return 0;
            case 'f': return mkfifo(\"out\", 0600);
            }
        }",
        &[],
    ));
    let left = |what: &str| run(&made, &[], &[what]);
    let refused = |what: &str| match left(what) {
        Err(ToolError::Cut(why)) => why,
        other => panic!("{what}: {other:?}"),
    };
    assert!(
        refused("s").contains("left `out`, which is a symbolic link that leads out of the tree"),
        "{}",
        refused("s")
    );
    assert!(refused("i").contains("left the link `out`; leave the file itself"), "{}", refused("i"));
    assert!(refused("h").contains("left the link `out`; leave the file itself"), "{}", refused("h"));
    assert!(refused("n").contains("which is not UTF-8"), "{}", refused("n"));
    // Denied already, so nothing of it is left.
    assert_eq!(left("f").unwrap().how, How::Code(255));
    assert!(left("d").is_ok_and(|done| done.files.is_empty()) || refused("d").contains("can't be read"));
    assert!(left("m").is_ok_and(|done| done.files.len() == 1) || refused("m").contains("can't be read"));
}

fn surroundings_differ() {
    let made = made(&compile(
        "int main(void) {
            struct stat found;
            char here[100];
            if (!getcwd(here, sizeof here) || stat(\"a\", &found)) return 1;
            printf(\"%s %ld\\n\", here, (long)found.st_mtime);
            extern char **environ;
            for (char **one = environ; *one; one++) puts(*one);
            return 0;
        }",
        &[],
    ));
    let tool = tool(&made, &[]);
    let files = [file("a", "")];
    let said = |surroundings| {
        let done = tool.run(natives(), &Job { surroundings, ..job(&[], &files) }, &mut || false).unwrap();
        assert_eq!(done.how, How::Code(0), "{}", text(&done.stderr));
        text(&done.stdout)
    };
    let (usual, other) = (said(Surroundings::Usual), said(Surroundings::Other));
    // The tool itself is in the usual place for temporary files.
    assert!(usual.starts_with("/work 1000000000\n") && usual.contains("\nTMPDIR=/proofmark/tmp\n"), "{usual}");
    assert!(other.starts_with("/elsewhere/again 1100000000\n") && other.contains("\nTMPDIR=/var/tmp\n"), "{other}");
    let order = |text: &str| text.find("LC_ALL=") < text.find("SOURCE_DATE_EPOCH=");
    assert!(order(&usual) && !order(&other), "{usual}{other}");
}

fn a_tool_that_is_none_is_refused() {
    let at = |path: &Path| Executable::at(path, &|_| None).unwrap_err();
    assert_eq!(at(Path::new("relative")), "`relative` is not an absolute path");
    assert!(at(Path::new("/nonexistent/x")).contains("/nonexistent/x"));
    assert!(at(&made(b"text").path).contains("is neither an executable nor a script"));
    assert!(at(&made(b"#!/etc/passwd\n").path).contains("is no executable"));
    assert!(at(&made(b"#!/usr/bin/env nothing\n").path).contains("is for `nothing`, which is not there"));
    let found = Executable::at(&made(b"#!/usr/bin/env sh\n").path, &|name| Some(Path::new("/bin").join(name))).unwrap();
    assert_eq!(found.path, Path::new("/bin/sh"));
    let missing = PathBuf::from("/nonexistent/library.so");
    let executable = Executable::at(&script("").path, &|_| None);
    assert!(executable.is_ok_and(|executable| Tool::new(&executable, &[missing], Code::Fixed, LIMITS).is_err()));
}
