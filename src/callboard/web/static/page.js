import { setUpCopying } from "./copy.js";
import { setUpDrawer } from "./drawer.js";
import { setUpFolds } from "./folds.js";
import { setUpGrouping } from "./grouping.js";
import { setUpKeyboard } from "./keyboard.js";
import { setUpLive } from "./live.js";
import { setUpLogs } from "./logs.js";
import { setUpProgress } from "./progress.js";
import { setUpTimes } from "./times.js";

setUpProgress();
setUpKeyboard();
setUpGrouping();
setUpCopying();
setUpDrawer();
setUpFolds();
setUpLive();
setUpTimes();
setUpLogs(document, (url) => location.assign(url));
