public import ContractRuntime
public import Generated

/// A message to a target: one notification, or several with the same severity and title.
public struct Message: Sendable {
    /// The severity of all notifications.
    public var severity: Severity
    /// The title of all notifications.
    public var title: String
    /// One text per notification; never empty.
    public var texts: [String]
    /// The time of the first notification.
    public var time: Timestamp
    /// The alert of the only notification; nil if there is none, or several notifications.
    public var alertID: UUID?

    /// Creates a message.
    public init(severity: Severity, title: String, texts: [String], time: Timestamp, alertID: UUID? = nil) {
        self.severity = severity
        self.title = title
        self.texts = texts
        self.time = time
        self.alertID = alertID
    }

    /// The request body for a target of this kind.
    package func body(for kind: NotificationTarget.Kind) -> JSONObject {
        switch kind {
        case .discord:
            JSONObject { json in
                json.member("content", discordContent)
                // The names come from instances, so they must not mention anyone.
                json.member("allowed_mentions", JSONObject { $0.member("parse", [String]()) })
            }
        case .webhook:
            JSONObject { json in
                json.member("severity", severity)
                json.member("title", title)
                json.member("messages", texts)
                json.member("time", time)
            }
        case .push: pushContent
        }
    }

    /// The content for the dashboard's service worker, small enough for a push message.
    package var pushContent: JSONObject {
        JSONObject { json in
            json.member("severity", severity)
            json.member("title", Self.plain(title, limit: 300))
            json.member("text", Self.plain(texts.first ?? "", limit: 1_400))
            json.member("count", texts.count)
            json.member("alert_id", alertID)
            json.member("time", time)
        }
    }

    /// Text without controls.
    ///
    /// - Parameter limit: The maximum number of UTF-8 bytes. Longer text ends with an ellipsis.
    private static func plain(_ text: String, limit: Int) -> String {
        var plain = ""
        for scalar in text.unicodeScalars {
            let piece = Self.plain(scalar)
            guard plain.utf8.count + piece.utf8.count <= limit else { return plain + "…" }
            plain += piece
        }
        return plain
    }

    /// The maximum length of a message in Discord, in characters (Discord developer documentation, "Execute Webhook").
    private static let discordLimit = 2_000
    /// The maximum length of one text in a Discord message.
    private static let lineLimit = 1_500

    /// The lines `[SEVERITY] Title`, one per text, and the time. Texts that do not fit are counted.
    var discordContent: String {
        let count = texts.count > 1 ? " (\(texts.count))" : ""
        let head = "[\(severity.rawValue)] \(Self.escaped(title, limit: 200))\(count)\n"
        let tail = "time=\(time)"
        var lines = ""
        var available = Self.discordLimit - head.utf16.count - tail.utf16.count - 60
        for (index, text) in texts.enumerated() {
            let line = Self.escaped(text, limit: Self.lineLimit)
            guard line.utf16.count < available else {
                lines += "… and \(texts.count - index) more: see GET /alerts\n"
                break
            }
            lines += line + "\n"
            available -= line.utf16.count + 1
        }
        return head + lines + tail
    }

    /// Escapes text for Discord: no links, code or mentions, and no bidirectional controls.
    ///
    /// - Parameter limit: The maximum number of UTF-16 code units, which Discord counts. Longer text ends with an ellipsis.
    private static func escaped(_ text: String, limit: Int) -> String {
        var escaped = ""
        var size = 0
        for scalar in text.unicodeScalars {
            let piece = Self.escaped(scalar)
            // traps: size is below limit, and a piece has at most a few code units.
            guard size + piece.utf16.count < limit else { return escaped + "…" }
            escaped += piece
            size += piece.utf16.count
        }
        return escaped
    }

    /// Escapes one code point. Discord parses code points, but a Swift character includes its combining marks.
    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\\", "`", "*", "~", "|", "[", "]", "<", ">": return "\\\(scalar)"
        // A zero-width space after "@" prevents a mention.
        case "@": return "@\u{200B}"
        default: return plain(scalar)
        }
    }

    /// A code point, a space instead of a control, or nothing instead of a control of the direction.
    private static func plain(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        // Bidirectional controls (Unicode Standard Annex 9, section 2).
        case "\u{61C}", "\u{200E}", "\u{200F}", "\u{202A}"..."\u{202E}", "\u{2066}"..."\u{2069}": return ""
        default:
            let isBreak = [.control, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
            return isBreak ? " " : String(scalar)
        }
    }
}
