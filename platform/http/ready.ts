/** For containers: `node platform/http/ready.ts 8001` ends with 0 when the process on that port is ready, else with 1. */
const response = await fetch(`http://127.0.0.1:${process.argv[2]}/health/ready`).catch(() => undefined);
process.exit(response?.ok ? 0 : 1);
