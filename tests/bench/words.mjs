// node words.mjs PACKAGE FOLDER STEP...: the heap in use before the first step and after each, as
// JSON. Each step is a call of its own, for garbage is collected between calls.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [, , packageFolder, folder, ...steps] = process.argv;
const { loadMicroPython } = await import(join(packageFolder, "micropython.mjs"));
const micropython = await loadMicroPython({ heapsize: 1 << 20 });

for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  const parent = (entry.parentPath ?? entry.path).slice(folder.length);
  const path = `/fob_files${parent}/${entry.name}`;
  const create = (made) => micropython.FS.mkdirTree(made);
  if (entry.isFile()) {
    create(`/fob_files${parent}`);
    micropython.FS.writeFile(path, readFileSync(join(folder, parent, entry.name)));
  }
}
micropython.runPython("import sys, gc\nsys.path.insert(0, '/fob_files')");
const inUse = () => {
  micropython.runPython("gc.collect()");
  micropython.runPython("in_use = gc.mem_alloc()");
  return micropython.globals.get("in_use");
};
const told = [inUse()];
for (const step of steps.filter(Boolean)) {
  micropython.runPython(step);
  told.push(inUse());
}
console.log(JSON.stringify(told));
