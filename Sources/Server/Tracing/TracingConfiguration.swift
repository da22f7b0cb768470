import Dashboard
import NIOHTTP1

/// The export of traces, configured by the standard variables of OpenTelemetry ("Environment Variable Specification").
struct TracingConfiguration: Sendable {
    /// The URL that takes spans.
    var url: String
    /// Header fields of exports; their values may be secrets.
    var headers: [(name: String, value: String)] = []
    /// The name of the service in traces.
    var service = "flotilla"
    var sampler = TraceSampler(.parentOrOn, ratio: 1)

    /// Reads the configuration. Returns nil without a collector.
    static func read(_ variables: Variables) throws(ConfigurationError) -> TracingConfiguration? {
        let endpoint = try variables.url("OTEL_EXPORTER_OTLP_ENDPOINT")
        let headers = try headers(variables)
        let service = variables["OTEL_SERVICE_NAME"]
        let sampler = TraceSampler(
            try variables.choice("OTEL_TRACES_SAMPLER", default: .parentOrOn),
            ratio: try variables.fraction("OTEL_TRACES_SAMPLER_ARG", default: 1)
        )
        guard let endpoint else { return nil }
        var configuration = TracingConfiguration(url: endpoint + (endpoint.hasSuffix("/") ? "" : "/") + "v1/traces")
        configuration.headers = headers
        configuration.service = service ?? configuration.service
        configuration.sampler = sampler
        return configuration
    }

    /// `NAME=VALUE,…`; values are percent-encoded (OpenTelemetry protocol exporter, "Specifying headers via environment variables").
    private static func headers(
        _ variables: Variables
    ) throws(ConfigurationError) -> [(name: String, value: String)] {
        let variable = "OTEL_EXPORTER_OTLP_HEADERS"
        guard let text = variables[variable] else { return [] }
        var headers: [(name: String, value: String)] = []
        for pair in text.split(separator: ",") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts.first.map { String($0).trimmingSpaces } ?? ""
            let value = parts.count == 2 ? parts.last.map { Fields.decoded($0, isForm: false) } : nil
            guard let value, !name.isEmpty, name.utf8.allSatisfy(\.isNameByte),
                value.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
            else {
                // The values are secrets and must not appear in the message.
                throw ConfigurationError(
                    variable: variable,
                    found: "an invalid value",
                    expected: "NAME=VALUE, comma-separated"
                )
            }
            headers.append((name, value.trimmingSpaces))
        }
        return headers
    }
}

extension String {
    /// The text without spaces at its ends.
    fileprivate var trimmingSpaces: String {
        let start = unicodeScalars.drop { $0 == " " }
        return String(String.UnicodeScalarView(start.reversed().drop { $0 == " " }.reversed()))
    }
}
