using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Billing.ServiceDefaults.Database;

/// <summary>
/// What PostgreSQL keeps of a password (RFC 5802, RFC 7677). Made here, so that no statement, and no log of
/// statements, ever holds a password.
/// </summary>
internal static class ScramVerifier
{
    private const int Iterations = 4096; // as PostgreSQL does
    private const int SaltBytes = 16;

    public static string Of(string password) => Of(password, RandomNumberGenerator.GetBytes(SaltBytes));

    internal static string Of(string password, byte[] salt)
    {
        var salted = Rfc2898DeriveBytes.Pbkdf2(
            Encoding.UTF8.GetBytes(password.Normalize(NormalizationForm.FormKC)), salt, Iterations,
            HashAlgorithmName.SHA256, SHA256.HashSizeInBytes);
        var storedKey = SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8));
        var serverKey = HMACSHA256.HashData(salted, "Server Key"u8);

        return string.Create(
            CultureInfo.InvariantCulture,
            $"SCRAM-SHA-256${Iterations}:{Convert.ToBase64String(salt)}"
            + $"${Convert.ToBase64String(storedKey)}:{Convert.ToBase64String(serverKey)}");
    }
}
