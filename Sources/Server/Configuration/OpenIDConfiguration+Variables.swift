import ContractRuntime
import Generated
import OpenID

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// The OpenID provider at which people sign in, and the roles of its groups.
struct OpenIDConfiguration: Sendable {
    let issuer: ProviderURL
    let client: OpenIDProvider.Client
    let roles: [GroupRole]

    /// The role of everyone in a group.
    struct GroupRole: Sendable {
        let group: String
        let role: Role

        /// Reads `GROUP:ROLE`. The group may contain colons.
        init?(_ text: String) {
            guard let colon = text.lastIndex(of: ":"),
                let role = Role(rawValue: String(text[text.index(after: colon)...])),
                colon > text.startIndex
            else { return nil }
            group = String(text[..<colon])
            self.role = role
        }
    }

    /// The roles of someone in these groups.
    func roles(of groups: [String]) -> [Role] {
        Role.allCases.filter { role in
            roles.contains { entry in entry.role == role && groups.contains { $0.hasSameScalars(as: entry.group) } }
        }
    }

    /// Reads the configuration; nil if people sign in only with tokens.
    static func read(_ variables: Variables) throws(ConfigurationError) -> OpenIDConfiguration? {
        let issuer = variables["OIDC_ISSUER"]
        let clientID = variables["OIDC_CLIENT_ID"]
        let secretFile = variables["OIDC_CLIENT_SECRET_FILE"]
        let expected = Role.allCases.map(\.rawValue).joined(separator: ", ")
        let roles = try variables.list("OIDC_ROLES", of: "GROUP:ROLE", allowsSpaces: true) { GroupRole($0) }
        let scopes = variables["OIDC_SCOPES"] ?? "openid profile email"
        let groupsClaim = variables["OIDC_GROUPS_CLAIM"] ?? "groups"
        guard let issuer else {
            if clientID != nil || !roles.isEmpty { throw missing("OIDC_ISSUER", "the issuer's URL") }
            return nil
        }
        guard let url = ProviderURL(issuer) else {
            throw ConfigurationError(
                variable: "OIDC_ISSUER",
                found: "'\(issuer)'",
                expected: "an https URL, or an http URL of this machine"
            )
        }
        guard let clientID else { throw missing("OIDC_CLIENT_ID", "the client's id at the provider") }
        guard !roles.isEmpty else { throw missing("OIDC_ROLES", "GROUP:ROLE with the roles \(expected)") }
        guard scopes.split(separator: " ").contains("openid") else {
            throw ConfigurationError(variable: "OIDC_SCOPES", found: "'\(scopes)'", expected: "scopes with openid")
        }
        let client = OpenIDProvider.Client(
            id: clientID,
            secret: try secretFile.map { path throws(ConfigurationError) in try secret(in: path) },
            scopes: scopes,
            groupsClaim: groupsClaim
        )
        return OpenIDConfiguration(issuer: url, client: client, roles: roles)
    }

    private static func missing(_ variable: String, _ expected: String) -> ConfigurationError {
        ConfigurationError(variable: variable, found: "nothing", expected: expected)
    }

    /// The first line of a file, which is a secret.
    private static func secret(in path: String) throws(ConfigurationError) -> String {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let line = text.split(whereSeparator: \.isNewline).first
        else {
            throw ConfigurationError(
                variable: "OIDC_CLIENT_SECRET_FILE",
                found: "an unreadable or empty file",
                expected: "a file with the client's secret"
            )
        }
        return String(line)
    }
}
