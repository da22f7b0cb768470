import ContractRuntime
import FoundationEssentials
import Generated
import Testing

@testable import Dashboard

@Suite struct TokenStateTests {
    @Test(arguments: [
        (nil as Int64?, nil as Int64?, "Active", true), (60, nil, "Active", true), (-60, nil, "Expired", false),
        (nil, -60, "Revoked", false), (-60, -60, "Revoked", false),
    ])
    func `a token is active until it expires or is revoked`(
        expires: Int64?,
        revoked: Int64?,
        text: String,
        isActive: Bool
    ) {
        let token = AccessToken(
            tokenID: UUID(),
            name: "ann",
            roles: [.operator],
            instanceID: nil,
            createdBy: "admin",
            createdAt: .now,
            expiresAt: expires.map { Timestamp.now.adding(seconds: $0) },
            revokedAt: revoked.map { Timestamp.now.adding(seconds: $0) }
        )
        #expect(token.state.text == text)
        #expect(token.isActive == isActive)
    }
}
