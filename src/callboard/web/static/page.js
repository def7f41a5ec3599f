import { setUpCopying } from "./copy.js";
import { setUpDetails } from "./details.js";
import { setUpDrawer } from "./drawer.js";
import { setUpFolds } from "./folds.js";
import { setUpGrouping } from "./grouping.js";
import { setUpKeyboard } from "./keyboard.js";
import { setUpLive } from "./live.js";
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
setUpDetails(document, (url) => location.assign(url));
