import CCrypto
import Digests

/// A key with which a fake provider signs ID tokens. The keys are for tests only: `openssl genpkey` made them.
package enum TestKey: String, CaseIterable {
    case rsa = "RS256"
    case secondRSA = "RS256 "
    case p256 = "ES256"
    case ed25519 = "EdDSA"

    /// The algorithm in the header of a token.
    package var algorithm: String { self == .secondRSA ? "RS256" : rawValue }

    /// The public key as a member of a key set, without `kid`.
    package var publicMembers: String {
        switch self {
        case .rsa:
            #""kty":"RSA","n":"rxdgArUNqArc8Fhfg375yH_ON1yR2A69pS5Iida-hS4LPEavja8MsdqP0gIJsLyGEZSrtslr7o6kSgSpkQZ"#
                + #"b8yyIUgLounVYYuz4AVqVADrPKIthSf3vbgFR-1eRjXXp4PIqUVkFr6Fdf4XbrT-kJSDfFdy_MW9UMX-"#
                + #"vUIoVAxLDRIVURCTLIN5cfqlYCfKzB7ZIHkuu8ZSl-mkY-"#
                + #"DrUH9bAYpnOh1joylHBATial8HQLyTyC_7yfhUbyqJAlGuaSe3WuQYp-"#
                + #"MDRAB6_3F6eyqDjMEtL6_pHf_7j5s8D2el6gVhyHS7xLFB3B_vl9P3nlytqX8ZsX9n-WuOssFg_-Q","e":"AQAB""#
        case .secondRSA:
            #""kty":"RSA","n":"t2Ls6UPsost2MYrAPQ3aUf61Yj_4sRnaLmg5MBdh_q7pHNTEGNZEaC4ZUqc0b96mu_Cik-JyVGAi8-K-"#
                + #"YsCQOyA3XZa1soLxwZab5OrtillpCNWQdKFe0mVWTvTdJSMuqPU0V-"#
                + #"FEebXSP78eHlGhs7PtIWnuFX_kVw9aYZKWaAvzKvffx2JZkOXV62gt3_yNuLf6EON6EtesBgT2UgnhC9O8DvVegeBx2a5o8OeNOZ"#
                + #"HKnswo0wMKO37e9itrHS5Z1vlg9vzsQzMx6VG_-"#
                + #"obG_i_esD_tWQ6Ec6raD44hKuRSEfFeTwOk25Kvqr9uKkXM7F5azw81nbAEW86wwRHS1w","e":"AQAB""#
        case .p256:
            #""kty":"EC","crv":"P-"#
                + #"256","x":"1dMsl827yLY3v0TubZoz7mw6bJxAQHKQxR1UwCFpOmA","y":"iBOevOwHJ2j2vix1Y6EaZ2J64lebGaidFxSeuvlg"#
                + #"RJw""#
        case .ed25519:
            #""kty":"OKP","crv":"Ed25519","x":"T5uA6sd4h1Xjzpfent0URCEKUYIJJgXlfuNR2EcCBDU""#
        }
    }

    /// The private key in PKCS #8.
    private var privateKey: String {
        switch self {
        case .rsa:
            "MIIEowIBAAKCAQEArxdgArUNqArc8Fhfg375yH_ON1yR2A69pS5Iida-"
                + "hS4LPEavja8MsdqP0gIJsLyGEZSrtslr7o6kSgSpkQZb8yyIUgLounVYYuz4AVqVADrPKIthSf3vbgFR-1eRjXXp4PIqUVkFr6Fdf4XbrT-"
                + "kJSDfFdy_MW9UMX-vUIoVAxLDRIVURCTLIN5cfqlYCfKzB7ZIHkuu8ZSl-mkY-"
                + "DrUH9bAYpnOh1joylHBATial8HQLyTyC_7yfhUbyqJAlGuaSe3WuQYp-"
                + "MDRAB6_3F6eyqDjMEtL6_pHf_7j5s8D2el6gVhyHS7xLFB3B_vl9P3nlytqX8ZsX9n-WuOssFg_-QIDAQABAoIBAACuvyWTjh-"
                + "TF0Rqm8i39IJXGTc3CayFdjDQKuE6sJh1Uv7jqaiMP6jr2LaxYldJjN5BrZ-zTlPqQ3K0bPLPSwl6KXfkYgLkFTmhgeADeeQ71nXqgTEYJ9hOc"
                + "gLgVwVtqcFCQG77wV1rbCFkpLQatOmeJLCBoU8wh2v_-u998lIGPYujcyMfEjx6kQZ8TpvTRJ-rtFNP3aQp7ubgqa4N4vdqCPf4RNrS7aXxNNj"
                + "y-"
                + "9uNYHyoxDj20AVL6PETRvGxWyui9rlAhABQPKrsTxoLlYBU3Pai2KZaV3h5dqOSVsILpyt_1k6USK8nQT47lgYmSN8Tgycx0Gpy4JMAUgGpBlk"
                + "CgYEA5bByHgeN8QOY3qn2OiAWR3nrfvH3nNp6HtyXiNYK9XNXjfMASdQN2eJzUiC1yvuFM0S3CMu4MFVQbNoiU-"
                + "2IcjOcSXE5UkS4W1QmajQ0gvL4igagOW26CMGG3aIvNQHvF4UZ811qP-"
                + "t2uWeLOHgZYl7gdkye_6zycAfrdP_Jcd0CgYEAwyXdVLmgAyT71_Rt4yqcWJP54bRnJ5pJDZF61g2Ui7YDkp50HuidPyEgRaQPx4758Yt9j1hJ"
                + "x4-J1IcTMVDrTyu55TyJ9W6oyq1_Eqv8eRvtMBVRnJBLcYbtI8poXr2D8JwMl2F-"
                + "Sp2XtyBcYZqkX8kxLHpjbnB7UlQTw3tsOs0CgYBD0s5fv6tSN9W0Kkvi7gamJII9ggWz82-MHWdBqLKjt-Nqrw6uvkc4x312CuKjhZHXibrihg"
                + "VlgEu3WNI6JjHcRxEnPp_GgzRNA5Q0WCYJZOWvHDXDv3rniv3gBDwcUu3e7Ba1nif5p_Xu2XxquEwGmC1_wTBSHyeXnT8R1VYOoQKBgB1cIQSS"
                + "OOTAN7Ox7qZyzrr06G9wuORYbg1Aif6SZHrwk3EHrejIjn_k9_oCSO15MVmJ5wYd_lur2MzE1bphtkVfCsTWatsmHvb_S1L_1ShTb0gArRqlCv"
                + "S1nA_6b-FxGdylXa-Y12tacmz2zW9R2NEgb-mFMFh5S9SDGcYbV5kxAoGBAK5sa98xBCjKmteSs0iz2Jmaj9tTyNU5f-"
                + "jPACGti47r1nh9mRrHhvBLdDE5iZRb1QXdfS6GlH5-"
                + "GmERvCppTGulVCsse4Q4hRcfs842P_ipB2sfZEvPRWYGyJNOeWODJxO3QMo0yE1p7285QFw5hEBkIL2--xN38d2riQ0uGqht"
        case .secondRSA:
            "MIIEogIBAAKCAQEAt2Ls6UPsost2MYrAPQ3aUf61Yj_4sRnaLmg5MBdh_q7pHNTEGNZEaC4ZUqc0b96mu_Cik-JyVGAi8-K-"
                + "YsCQOyA3XZa1soLxwZab5OrtillpCNWQdKFe0mVWTvTdJSMuqPU0V-"
                + "FEebXSP78eHlGhs7PtIWnuFX_kVw9aYZKWaAvzKvffx2JZkOXV62gt3_yNuLf6EON6EtesBgT2UgnhC9O8DvVegeBx2a5o8OeNOZHKnswo0wMK"
                + "O37e9itrHS5Z1vlg9vzsQzMx6VG_-obG_i_esD_tWQ6Ec6raD44hKuRSEfFeTwOk25Kvqr9uKkXM7F5azw81nbAEW86wwRHS1wIDAQABAoH_Nf"
                + "bmaxOR5FX7HJkNTj9v_1ufWfTOj08MOpvGOGCpIEkC-s5MO618c9ZyR-BBjf9MZqxpKxt33rHA7K53V-"
                + "1ShBOhjJN3jxBOvqjojHSVciDdcma7cOwLpd4sMmUxWRGr_rbUBbLvHjcNp7SV0wDdP1mzGMy97ZW08T7oryMedNSPEqASC7tLQ2bvBelaCmvg"
                + "l9iwT_u8jOgMxc0_X0z7GVflr063UvDRO5LluI_2vins56-dnY4uHKCZzXeTTLDhxPA3yw-qkqkouNHhkSjwvHfoOpXFlbnrrNNa82tDWvL5Je"
                + "N_2ig3_oxBGXLP4mow2PrXA5OYrWyfdfscvH7BAoGBAPJXWfYfVTEUtQAubN_YHj7sQLALjBWixN-0tglgEy7NqeerdpjoI5ej-UwxzvR7tyug"
                + "Ki_oKL3g9JmiHJZdR0pGUo_N4bAUtyQKKBqlLXkk15xR0j2s6GpoRZ-"
                + "O8OtPcsjbsPmbveF6QkoGFtb7oVq1hDYjfJ14IH8INfSebPAHAoGBAMG48B2_YPWHaxF2JRNKVqg8ad8AysQKNQGDpzX7bZEq8BKYCd6j90ZdK"
                + "DXMQnJS8UVGLu2yxFaL5v_nFXnKUy_7vYPp219oRpfmB-"
                + "Ev1C58NBc4ghLGxl3HKRcDpYuUfgM32oMIQ0G7mAw47Nsl8TeNflIAPvZvHlvOJYNTjbKxAoGBALWMvSeGd6MKWULmhMf5N0d6ZEe-"
                + "jtaSlxzkW8-QOy7AAn49VN7eYfOzcwsi8WD04dd76L71FLiTM4t5CCOZg9Pf9PAok9_-1OjZ9wtnHTb5Y9GG9pMf2woETcxoIJKYdWyGMQH-K_"
                + "UkS077Wtb5sfqrq32Hfk7V9LpWI1275e63AoGAUDcE7jxtqJ1fP0a9iWRRx63kZNvOGijj0_GwzlCDCQZPjFN6Wr9oR7GRUd13ciFYGEg8bF6G"
                + "oBOkHjiQkvKtSYQi8DlohfQGryUoBB2q7WiupSLX8XBveStbn1T6OnbNSwXYrENCnjhQeFcl9IScglVLhibl62MNnhQZQmzZkrECgYEAjU0Crn"
                + "GrgQr5XcpIkgvO7J9htQO28T8QUHUoL5TCuUvEnRf5vjMoXGB0nIjUmUmtEgyS_5G_-yrqeYw-"
                + "RogszMqYYlZxuEVyGp5Xqglt_BrIJ5C9BsjeAwo43T9OwHLNzYNTa9V0OPOdkzRqTi_BmrOF-WzHJaTN2QgHgVxHROQ"
        case .p256:
            "MHcCAQEEIChy55TYBEpqMXngfzRknSQC_YyyGzOaj9ojRyOkxGcnoAoGCCqGSM49AwEHoUQDQgAE1dMsl827yLY3v0TubZoz7mw6bJxAQHKQxR"
                + "1UwCFpOmCIE5687AcnaPa-LHVjoRpnYnriV5sZqJ0XFJ66-WBEnA"
        case .ed25519:
            "MC4CAQAwBQYDK2VwBCIEIMgcy9eHX2DgFw7vKpwk34yAXEi1EFVPW4JIxp5BTbz7"
        }
    }

    /// The signature of a message, as a token has it.
    func signature(of message: String) -> [UInt8] {
        let bytes = Base64URL.decode(privateKey) ?? []
        let key = bytes.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return d2i_AutoPrivateKey(nil, &start, bytes.count)
        }
        defer { EVP_PKEY_free(key) }
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        let message = Array(message.utf8)
        var signature = [UInt8](repeating: 0, count: 512)
        var count = signature.count
        guard EVP_DigestSignInit(context, nil, self == .ed25519 ? nil : EVP_sha256(), nil, key) == 1,
            EVP_DigestSign(context, &signature, &count, message, message.count) == 1
        else { return [] }
        let encoded = Array(signature.prefix(count))
        return self == .p256 ? Self.numbers(encoded) : encoded
    }

    /// The two numbers of an ECDSA signature in DER, in 32 bytes each (RFC 7518, section 3.4).
    private static func numbers(_ encoded: [UInt8]) -> [UInt8] {
        encoded.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            guard let signature = d2i_ECDSA_SIG(nil, &start, bytes.count) else { return [] }
            defer { ECDSA_SIG_free(signature) }
            var numbers = [UInt8](repeating: 0, count: 64)
            numbers.withUnsafeMutableBufferPointer { numbers in
                guard let r = numbers.baseAddress else { return }
                _ = BN_bn2binpad(ECDSA_SIG_get0_r(signature), r, 32)
                _ = BN_bn2binpad(ECDSA_SIG_get0_s(signature), r + 32, 32)
            }
            return numbers
        }
    }

    /// A signed token.
    package func token(_ claims: String, header: String? = nil) -> String {
        let header = header ?? #"{"alg":"\#(algorithm)","kid":"1"}"#
        let text = "\(Base64URL.encode(Array(header.utf8))).\(Base64URL.encode(Array(claims.utf8)))"
        return "\(text).\(Base64URL.encode(signature(of: text)))"
    }
}
