using System.Buffers.Binary;
using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting;

/// <summary>A Kafka broker in a container.</summary>
public class KafkaServerResource : ContainerResource, IResourceWithConnectionString
{
    internal const string PrimaryEndpointName = "tcp";
    internal const string InternalEndpointName = "internal";

    public KafkaServerResource(string name)
        : base(name)
    {
        PrimaryEndpoint = new EndpointReference(this, PrimaryEndpointName);
        InternalEndpoint = new EndpointReference(this, InternalEndpointName);
    }

    public EndpointReference PrimaryEndpoint { get; }
    public EndpointReference InternalEndpoint { get; }
    public EndpointReferenceExpression Host => PrimaryEndpoint.Property(EndpointProperty.Host);
    public EndpointReferenceExpression Port => PrimaryEndpoint.Property(EndpointProperty.Port);

    /// <summary>The bootstrap server: <c>host:port</c>.</summary>
    public ReferenceExpression ConnectionStringExpression =>
        ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.HostAndPort)}");

    IEnumerable<KeyValuePair<string, ReferenceExpression>> IResourceWithConnectionString.GetConnectionProperties() =>
    [
        new("Host", ReferenceExpression.Create($"{Host}")),
        new("Port", ReferenceExpression.Create($"{Port}")),
    ];
}

public static class KafkaBuilderExtensions
{
    private const string Image = "confluentinc/confluent-local";
    private const string Tag = "8.1.0";
    private const string Data = "/var/lib/kafka/data";
    private const int BrokerPort = 9092;
    private const int InternalPort = 9093;

    /// <param name="port">The port on this machine; a free one when not given.</param>
    public static IResourceBuilder<KafkaServerResource> AddKafka(
        this IDistributedApplicationBuilder builder, string name, int? port = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var kafka = new KafkaServerResource(name);
        var key = $"{name}_check";
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
            key, new BrokerAnswers(kafka), HealthStatus.Unhealthy, tags: null));

        return builder.AddResource(kafka)
            .WithEndpoint(port, BrokerPort, name: KafkaServerResource.PrimaryEndpointName)
            .WithEndpoint(targetPort: InternalPort, name: KafkaServerResource.InternalEndpointName)
            .WithImage(Image, Tag).WithImageRegistry("docker.io")
            .WithEnvironment(
                "KAFKA_LISTENERS",
                "PLAINTEXT://localhost:29092,CONTROLLER://localhost:29093,"
                + $"PLAINTEXT_HOST://0.0.0.0:{BrokerPort},PLAINTEXT_INTERNAL://0.0.0.0:{InternalPort}")
            .WithEnvironment(
                "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP",
                "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PLAINTEXT_HOST:PLAINTEXT,PLAINTEXT_INTERNAL:PLAINTEXT")
            .WithEnvironment(
                "KAFKA_ADVERTISED_LISTENERS",
                ReferenceExpression.Create(
                    $"PLAINTEXT://localhost:29092,PLAINTEXT_HOST://localhost:{kafka.Port},PLAINTEXT_INTERNAL://{name}:9093"))
            .WithHealthCheck(key);
    }

    public static IResourceBuilder<KafkaServerResource> WithDataVolume(
        this IResourceBuilder<KafkaServerResource> builder, string? name = null, bool isReadOnly = false) =>
        builder.WithVolume(name ?? VolumeNameGenerator.Generate(builder, "data"), Data, isReadOnly)
            .WithEnvironment("KAFKA_LOG_DIRS", Data);

    public static IResourceBuilder<KafkaServerResource> WithDataBindMount(
        this IResourceBuilder<KafkaServerResource> builder, string source, bool isReadOnly = false) =>
        builder.WithBindMount(source, Data, isReadOnly).WithEnvironment("KAFKA_LOG_DIRS", Data);

    /// <summary>
    /// Asks the broker which versions it speaks, the first question of the Kafka protocol: a port that a
    /// container runtime holds open answers nothing.
    /// </summary>
    private sealed class BrokerAnswers(KafkaServerResource kafka) : IHealthCheck
    {
        private const short ApiVersions = 18;
        private const int Correlation = 7;
        private const int RequestLength = 14;
        private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

        public async Task<HealthCheckResult> CheckHealthAsync(
            HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(Patience);
            try
            {
                using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(kafka.PrimaryEndpoint.Host, kafka.PrimaryEndpoint.Port, limit.Token);
                await using var stream = new NetworkStream(socket);
                await stream.WriteAsync(Question(), limit.Token);
                var answer = new byte[8];
                await stream.ReadExactlyAsync(answer, limit.Token);
                return BinaryPrimitives.ReadInt32BigEndian(answer.AsSpan(4)) == Correlation
                    ? HealthCheckResult.Healthy()
                    : HealthCheckResult.Unhealthy("What answers is not a Kafka broker.");
            }
            catch (Exception wrong) when (wrong is SocketException or IOException or OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                return HealthCheckResult.Unhealthy(wrong.Message);
            }
        }

        private static byte[] Question()
        {
            var request = new byte[RequestLength];
            BinaryPrimitives.WriteInt32BigEndian(request, RequestLength - 4);
            BinaryPrimitives.WriteInt16BigEndian(request.AsSpan(4), ApiVersions);
            BinaryPrimitives.WriteInt16BigEndian(request.AsSpan(6), 0);
            BinaryPrimitives.WriteInt32BigEndian(request.AsSpan(8), Correlation);
            BinaryPrimitives.WriteInt16BigEndian(request.AsSpan(12), -1); // no client id
            return request;
        }
    }
}
