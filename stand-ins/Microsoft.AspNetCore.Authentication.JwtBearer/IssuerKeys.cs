using System.Text.Json;
using Microsoft.IdentityModel.Tokens;

namespace Microsoft.AspNetCore.Authentication.JwtBearer;

/// <summary>
/// The issuer and the keys that OpenID Connect discovery gives. They are read when first needed, again after
/// AutomaticRefreshInterval, and sooner when a token names a key that is not there, but not more often than
/// RefreshInterval. While the issuer does not answer, what was read before stays in force.
/// </summary>
#pragma warning disable CA1001 // A SemaphoreSlim whose wait handle nobody asks for holds nothing; options live as long as the host.
internal sealed class IssuerKeys(JwtBearerOptions options)
#pragma warning restore CA1001
{
    private readonly SemaphoreSlim _reading = new(1, 1);
    private Found? _found;
    private DateTimeOffset _lastTry = DateTimeOffset.MinValue;

    public sealed record Found(string Issuer, IReadOnlyList<SecurityKey> Keys, DateTimeOffset At);

    public async Task<Found> Get(TimeProvider time, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (_found is { } found && now - found.At < options.AutomaticRefreshInterval) return found;
        return await Read(now, cancellationToken);
    }

    /// <summary>Newer keys than <paramref name="known"/>, or the same when it is too early to ask again.</summary>
    public async Task<Found> Refresh(Found known, TimeProvider time, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return _found == known && now - _lastTry >= options.RefreshInterval ? await Read(now, cancellationToken) : _found ?? known;
    }

    private async Task<Found> Read(DateTimeOffset now, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken);
        try
        {
            // Somebody else may have read, or failed, while we waited.
            if (_found is { } newer && newer.At >= now) return newer;
            if (_found is { } stale && now - _lastTry < options.RefreshInterval && _lastTry != DateTimeOffset.MinValue
                && now - stale.At < options.AutomaticRefreshInterval) return stale;

            _lastTry = now;
            return _found = await Fetch(now, cancellationToken);
        }
        catch (Exception exception) when (exception is HttpRequestException or JsonException or ArgumentException
            or KeyNotFoundException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return _found ?? throw new InvalidOperationException(
                $"IDX20803: Unable to obtain configuration from: '{options.MetadataAddress}'.", exception);
        }
        finally
        {
            _reading.Release();
        }
    }

    private async Task<Found> Fetch(DateTimeOffset now, CancellationToken cancellationToken)
    {
        using var metadata = JsonDocument.Parse(
            await options.Backchannel.GetStringAsync(new Uri(options.MetadataAddress), cancellationToken));
        var issuer = metadata.RootElement.GetProperty("issuer").GetString() ?? throw new JsonException("No issuer.");
        var address = new Uri(metadata.RootElement.GetProperty("jwks_uri").GetString() ?? throw new JsonException("No keys."));
        if (options.RequireHttpsMetadata && address.Scheme != Uri.UriSchemeHttps)
            throw new JsonException("The keys' address does not use HTTPS.");

        var keys = new JsonWebKeySet(await options.Backchannel.GetStringAsync(address, cancellationToken));
        return new Found(issuer, [.. keys.GetSigningKeys()], now);
    }
}
