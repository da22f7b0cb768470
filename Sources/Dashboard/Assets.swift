/// The style sheet, scripts and icons of the pages. They are compiled into the program.
public enum Asset {
    /// The bytes and media type of an asset; nil for an unknown name.
    public static func named(_ name: String) -> (bytes: [UInt8], mediaType: String)? {
        switch name {
        case "style.css": (PackageResources.style_css, "text/css; charset=utf-8")
        case "app.js": (PackageResources.app_js, script)
        case "live.js": (PackageResources.live_js, script)
        case "table.js": (PackageResources.table_js, script)
        case "columns.js": (PackageResources.columns_js, script)
        case "dialog.js": (PackageResources.dialog_js, script)
        case "chart.js": (PackageResources.chart_js, script)
        case "palette.js": (PackageResources.palette_js, script)
        case "keys.js": (PackageResources.keys_js, script)
        case "time.js": (PackageResources.time_js, script)
        case "push.js": (PackageResources.push_js, script)
        case "sign.js": (PackageResources.sign_js, script)
        case "push-worker.js": (PackageResources.push_worker_js, script)
        case "uPlot.iife.min.js": (PackageResources.uPlot_iife_min_js, script)
        case "uPlot.min.css": (PackageResources.uPlot_min_css, "text/css; charset=utf-8")
        case "uPlot.LICENSE.txt": (PackageResources.uPlot_LICENSE_txt, "text/plain; charset=utf-8")
        case "app.webmanifest": (Array(manifest.utf8), "application/manifest+json")
        default: icon(name).map { (Array($0.utf8), "image/svg+xml") }
        }
    }

    /// Lets browsers install the dashboard as an application (W3C, Web Application Manifest).
    private static let manifest = """
        {"name":"Flotilla","short_name":"Flotilla","id":"/","start_url":"/dashboard","scope":"/","display":"standalone",\
        "background_color":"#f6f7f8","theme_color":"#1a57c2",\
        "icons":[{"src":"/assets/icon.svg","sizes":"any","type":"image/svg+xml","purpose":"any maskable"}]}
        """

    private static let script = "text/javascript; charset=utf-8"

    /// An icon such as `favicon-critical.svg`, which shows the state of the fleet as a shape and a colour.
    private static func icon(_ name: String) -> String? {
        let shape: String
        switch name {
        case "favicon-normal.svg": shape = ##"<circle cx="8" cy="8" r="6" fill="#2a7152"/>"##
        case "favicon-attention.svg": shape = ##"<path d="M8 1 15 15H1z" fill="#c98a00"/>"##
        case "favicon-critical.svg": shape = ##"<path d="M2 2h12v12H2z" fill="#b3261e"/>"##
        case "favicon-halted.svg": shape = ##"<path d="M3 3h10v10H3z" fill="none" stroke="#8a5fc0" stroke-width="3"/>"##
        case "favicon-stale.svg":
            shape = ##"<circle cx="8" cy="8" r="5" fill="none" stroke="#7d8791" stroke-width="2"/>"##
        // The icon of the installed application. Systems cut its corners.
        case "icon.svg":
            shape =
                ##"<path d="M0 0h16v16H0z" fill="#1a57c2"/><path d="M8 3l1 7H4zM9.5 5.5 12 10H9.7zM3.5 11h9l-1.5 2.5H5z" fill="#fff"/>"##
        default: return nil
        }
        return #"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">\#(shape)</svg>"#
    }
}
