import { setUpCopying } from "./copy.js";
import { setUpDrawer } from "./drawer.js";
import { setUpKeyboard } from "./keyboard.js";
import { setUpStream } from "./live.js";
import { setUpProgress } from "./progress.js";
import { setUpTimes } from "./times.js";

setUpProgress();
setUpKeyboard();
setUpCopying();
setUpDrawer();
setUpStream();
setUpTimes();
