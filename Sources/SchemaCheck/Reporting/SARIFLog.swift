import ContractCompiler
import Foundation

/// Writes findings as SARIF 2.1.0, which code hosts show beside the source lines
/// (https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html).
struct SARIFLog: Encodable {
    struct Run: Encodable {
        let tool: Tool
        let columnKind = "unicodeCodePoints"
        let results: [Result]
    }

    struct Tool: Encodable {
        let driver: Driver
    }

    struct Driver: Encodable {
        let name = "schema-check"
        let version: String
        let rules: [Rule]
    }

    struct Rule: Encodable {
        let id: String
        let shortDescription: Message
    }

    struct Message: Encodable {
        let text: String
    }

    struct Result: Encodable {
        let ruleId: String
        let ruleIndex: Int
        let level: String
        let message: Message
        let locations: [Place]
        let relatedLocations: [Place]?
        let partialFingerprints: [String: String]
        let properties: [String: String]?
    }

    struct Place: Encodable {
        let physicalLocation: PhysicalLocation
        let logicalLocations: [LogicalLocation]?
        let message: Message?
    }

    struct PhysicalLocation: Encodable {
        let artifactLocation: ArtifactLocation
        let region: Region
    }

    struct ArtifactLocation: Encodable {
        let uri: String
    }

    struct Region: Encodable {
        let startLine, startColumn: Int
    }

    struct LogicalLocation: Encodable {
        let fullyQualifiedName: String
    }

    let version = "2.1.0"
    let schema = "https://json.schemastore.org/sarif-2.1.0.json"
    let runs: [Run]

    enum CodingKeys: String, CodingKey {
        case version, runs
        case schema = "$schema"
    }

    init(_ findings: [Finding]) {
        let codes = Set(findings.map(\.code)).sorted()
        let rules = codes.map {
            Rule(id: $0, shortDescription: Message(text: LintRules.byName[$0]?.meaning ?? $0.replacing("-", with: " ")))
        }
        let results = findings.map { finding in
            Result(
                ruleId: finding.code,
                ruleIndex: codes.firstIndex(of: finding.code) ?? 0,
                level: ["warn": "warning", "info": "note"][finding.severity.rawValue] ?? "error",
                message: Message(text: finding.message),
                locations: [Self.place(finding.location, pointer: finding.pointer)],
                relatedLocations: finding.notes.compactMap { note in
                    note.location.map { Self.place($0, message: note.message) }
                },
                partialFingerprints: ["schemaCheck/v1": finding.fingerprint],
                properties: Self.properties(of: finding)
            )
        }
        let driver = Driver(version: SchemaCheck.version, rules: rules)
        runs = [Run(tool: Tool(driver: driver), results: results)]
    }

    var text: String { JSONText.of(self) }

    private static func place(_ location: Location, pointer: String? = nil, message: String? = nil) -> Place {
        let path = location.file.displayPath
        let uri = path.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? path
        return Place(
            physicalLocation: PhysicalLocation(
                artifactLocation: ArtifactLocation(uri: uri),
                region: Region(startLine: location.line, startColumn: location.column)
            ),
            logicalLocations: pointer.map { [LogicalLocation(fullyQualifiedName: $0)] },
            message: message.map(Message.init)
        )
    }

    private static func properties(of finding: Finding) -> [String: String]? {
        var properties: [String: String] = [:]
        properties["operation"] = finding.operation
        properties["witness"] = finding.witness.map { "\($0.description): \($0.json)" }
        properties["fix"] = finding.fix
        return properties.isEmpty ? nil : properties
    }
}
