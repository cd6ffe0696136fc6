//! An object store in memory that counts, and that fails when told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt as _,
    PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};

/// What happens at the fatal write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fatal {
    /// The write is lost.
    Lost,
    /// The write is done, but its writer never learns of it.
    Done,
}

/// What keeps writes from succeeding while reads go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Full,
    ReadOnly,
}

/// The state, shared with streams that outlive a call.
#[derive(Debug)]
struct State {
    reads: AtomicU64,
    writes: AtomicU64,
    /// Writes until everything fails.
    crash_at: Option<(u64, Fatal)>,
    /// Writes until no further write succeeds.
    refuse_at: Option<(u64, Refusal)>,
}

#[derive(Debug)]
pub(super) struct Faulty {
    inner: Arc<InMemory>,
    state: Arc<State>,
}

impl std::fmt::Display for Faulty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("faulty")
    }
}

fn failure(kind: std::io::ErrorKind) -> object_store::Error {
    object_store::Error::Generic { store: "faulty", source: Box::new(std::io::Error::from(kind)) }
}

impl State {
    fn read(&self) -> Result<()> {
        self.reads.fetch_add(1, Ordering::SeqCst);
        match self.crash_at {
            Some((at, _)) if self.writes.load(Ordering::SeqCst) > at => Err(failure(std::io::ErrorKind::Other)),
            _ => Ok(()),
        }
    }

    /// Whether to do the write, and what to answer then.
    fn write(&self) -> (bool, Result<()>) {
        let at = self.writes.fetch_add(1, Ordering::SeqCst);
        match (self.crash_at, self.refuse_at) {
            (Some((crash, fatal)), _) if at >= crash => {
                (at == crash && fatal == Fatal::Done, Err(failure(std::io::ErrorKind::Other)))
            }
            (_, Some((refuse, Refusal::Full))) if at >= refuse => {
                (false, Err(failure(std::io::ErrorKind::StorageFull)))
            }
            (_, Some((refuse, Refusal::ReadOnly))) if at >= refuse => {
                (false, Err(failure(std::io::ErrorKind::ReadOnlyFilesystem)))
            }
            _ => (true, Ok(())),
        }
    }
}

impl Faulty {
    fn with(inner: Arc<InMemory>, crash_at: Option<(u64, Fatal)>, refuse_at: Option<(u64, Refusal)>) -> Self {
        let state = State { reads: AtomicU64::new(0), writes: AtomicU64::new(0), crash_at, refuse_at };
        Self { inner, state: Arc::new(state) }
    }

    pub(super) fn new(inner: Arc<InMemory>) -> Self {
        Self::with(inner, None, None)
    }

    pub(super) fn crashing(inner: Arc<InMemory>, at: u64, fatal: Fatal) -> Self {
        Self::with(inner, Some((at, fatal)), None)
    }

    pub(super) fn refusing(inner: Arc<InMemory>, at: u64, refusal: Refusal) -> Self {
        Self::with(inner, None, Some((at, refusal)))
    }

    pub(super) fn reads(&self) -> u64 {
        self.state.reads.load(Ordering::SeqCst)
    }

    pub(super) fn writes(&self) -> u64 {
        self.state.writes.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl ObjectStore for Faulty {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        match self.state.write() {
            (true, answer) => {
                let put = self.inner.put_opts(location, payload, options).await;
                answer.and(put)
            }
            (false, answer) => Err(answer.unwrap_err()),
        }
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        unreachable!("the log writes whole objects")
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.state.read()?;
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let (inner, state) = (Arc::clone(&self.inner), Arc::clone(&self.state));
        locations
            .then(move |location| {
                let (inner, state) = (Arc::clone(&inner), Arc::clone(&state));
                async move {
                    let location = location?;
                    let (done, answer) = state.write();
                    if done {
                        inner.delete(&location).await?;
                    }
                    answer.map(|()| location)
                }
            })
            .boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.state.read() {
            Ok(()) => self.inner.list(prefix),
            Err(error) => futures::stream::iter([Err(error)]).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}
