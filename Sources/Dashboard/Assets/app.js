// Pages are complete without scripts. These modules add live updates and shortcuts; each works without the others.
import "./time.js";
import "./table.js";
import "./columns.js";
import "./dialog.js";
import "./chart.js";
import "./palette.js";
import "./keys.js";
import "./push.js";
import "./sign.js";
import "./live.js";
