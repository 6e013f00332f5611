// A release whose servers end at their start.
if (process.argv.includes("serve")) process.exit(1);
