import ContractRuntime
import Logging

/// Writes each log message as one line of JSON to standard error.
struct JSONLogHandler: LogHandler {
    private let label: String
    var logLevel = Logger.Level.info
    var metadata: Logger.Metadata = [:]

    init(label: String) {
        self.label = label
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        var json = JSONWriter()
        json.beginObject()
        json.member("timestamp", Timestamp.now)
        json.member("level", event.level.rawValue)
        json.member("logger", label)
        json.member("message", "\(event.message)")
        json.member("metadata", all.mapValues { "\($0)" })
        json.endObject()
        StandardError.print(line: json.bytes)
    }
}
