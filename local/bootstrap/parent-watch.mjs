// Preloaded into every process that is started here. Node has no parent-death signal: this looks whether the parent is
// still the one that started it, and ends the process if its own way of stopping takes too long or is not there yet.
const POLL_MS = 500;
const GRACE_MS = 4_000;

const parent = process.ppid;
// Tells when the parent died before the line above.
const hadChannel = process.connected === true;
const isOrphan = () => process.ppid !== parent || (process.connected === true) !== hadChannel;
const end = () => process.kill(process.pid, 'SIGKILL');

const timer = setInterval(() => {
  if (!isOrphan()) return;
  clearInterval(timer);
  setTimeout(end, GRACE_MS).unref();
}, POLL_MS).unref();

// Loggers flush at exit, and try for many seconds when the pipe they write to has no reader any more. This listener is
// the first one.
process.on('exit', () => {
  if (isOrphan()) end();
});
