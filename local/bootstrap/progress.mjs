// How often work that goes on is mentioned: a terminal's last line is rewritten, a log gets a new line now and then.
const TERMINAL_MS = 500;
const LOG_MS = 15_000;

/** Tells a person how several things at once are going; clean lines when nobody watches. */
export function createProgress({ stream = process.stdout } = {}) {
  const active = new Map();
  const live = stream.isTTY === true;
  let timer;
  // A reader that went away, such as `npm start | head`, does not end the platform.
  stream.on('error', () => {});

  const erase = () => {
    if (live) stream.write('\r\x1b[2K');
  };
  const line = (text) => {
    erase();
    stream.write(`${text}\n`);
    if (live) draw();
  };
  const describe = (task) => [`${task.name}: ${task.text}`, seconds(performance.now() - task.since)].join(', ');
  function draw() {
    if (active.size === 0) return;
    const text = [...active.values()].map(describe).join(' · ');
    stream.write(`\r\x1b[2K${text.slice(0, (stream.columns || 80) - 1)}`);
  }
  function tick() {
    if (live) draw();
    else for (const task of active.values()) line(`  ${describe(task)}`);
  }
  return {
    line,
    /** Something that takes a while. `update` changes what is said about it; `end` says how it went, on a line that stays. */
    begin(name, text) {
      const task = { name, text, since: performance.now() };
      active.set(task, task);
      if (!live) line(`  ${name}: ${text}`);
      timer ??= setInterval(tick, live ? TERMINAL_MS : LOG_MS).unref();
      return {
        update(next) {
          task.text = next;
        },
        end(outcome) {
          active.delete(task);
          if (active.size === 0) {
            clearInterval(timer);
            timer = undefined;
          }
          if (outcome) line(`  ${name}: ${outcome} (${seconds(performance.now() - task.since)})`);
          else erase();
        },
      };
    },
  };
}

export function seconds(ms) {
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`;
}
