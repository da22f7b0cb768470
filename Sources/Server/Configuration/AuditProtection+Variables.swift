import Handlers

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Another system that gets the head of the audit log.
struct AnchorTarget: Sendable {
    enum Method: String, CaseIterable {
        case put, post
    }

    /// It may contain `{position}`. It is a secret.
    var url: String
    var method: Method
}

extension AuditProtection {
    /// Reads the keys and anchors of the audit log.
    static func read(_ variables: Variables) throws(ConfigurationError) -> AuditProtection {
        var protection = AuditProtection()
        switch (variables["AUDIT_KEY"], variables["AUDIT_KEY_FILE"]) {
        case (nil, nil): break
        case (let text?, nil): protection.keys = try keys(text, variable: "AUDIT_KEY")
        case (nil, let path?): protection.keys = try keys(inFile: path)
        case (_?, _?):
            throw ConfigurationError(
                variable: "AUDIT_KEY",
                found: "a value",
                expected: "none, because AUDIT_KEY_FILE is set"
            )
        }
        protection.anchorFile = variables["AUDIT_ANCHOR_FILE"]
        protection.anchorSeconds = try variables.integer("AUDIT_ANCHOR_SECONDS", in: 1...86_400, default: 60)
        return protection
    }

    /// The keys in a file.
    static func keys(inFile path: String) throws(ConfigurationError) -> AuditKeys {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw ConfigurationError(
                variable: "AUDIT_KEY_FILE",
                found: "an unreadable file '\(path)'",
                expected: AuditKeys.Malformed.expected
            )
        }
        return try keys(text, variable: "AUDIT_KEY_FILE")
    }

    /// The keys in the environment of this process; nil if there are none.
    static func keysOfEnvironment() throws(ConfigurationError) -> AuditKeys? {
        let values = ProcessInfo.processInfo.environment
        return try read(Variables(values: values.filter { ["AUDIT_KEY", "AUDIT_KEY_FILE"].contains($0.key) })).keys
    }

    private static func keys(_ text: String, variable: String) throws(ConfigurationError) -> AuditKeys {
        do throws(AuditKeys.Malformed) { return try AuditKeys(text) } catch {
            throw ConfigurationError(variable: variable, found: error.found, expected: AuditKeys.Malformed.expected)
        }
    }
}

extension AnchorTarget {
    /// Reads the system that gets anchors; nil if there is none.
    static func read(_ variables: Variables) throws(ConfigurationError) -> AnchorTarget? {
        let method = try variables.choice("AUDIT_ANCHOR_METHOD", default: Method.put)
        return try variables.url("AUDIT_ANCHOR_URL").map { AnchorTarget(url: $0, method: method) }
    }
}
