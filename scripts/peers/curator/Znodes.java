import static org.apache.zookeeper.CreateMode.CONTAINER;
import static org.apache.zookeeper.CreateMode.EPHEMERAL;
import static org.apache.zookeeper.CreateMode.EPHEMERAL_SEQUENTIAL;
import static org.apache.zookeeper.CreateMode.PERSISTENT_SEQUENTIAL;
import static org.apache.zookeeper.CreateMode.PERSISTENT_SEQUENTIAL_WITH_TTL;
import static org.apache.zookeeper.CreateMode.PERSISTENT_WITH_TTL;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.api.transaction.CuratorOp;
import org.apache.curator.framework.api.transaction.CuratorTransactionResult;
import org.apache.curator.framework.api.transaction.TransactionOp;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.data.ACL;
import org.apache.zookeeper.data.Id;
import org.apache.zookeeper.data.Stat;

/** Creating, reading, writing and deleting, as Curator has it. */
final class Znodes {
    private Znodes() {}

    static void all(CuratorFramework a, String servers) throws Exception {
        creating(a);
        kinds(a);
        reading(a);
        deleting(a);
        transactions(a);
        background(a);
        identities(a, servers);
        namespace(a);
    }

    static byte[] bytes(String s) {
        return s.getBytes(StandardCharsets.UTF_8);
    }

    /** Children have no order. */
    static List<String> children(CuratorFramework c, String path) throws Exception {
        List<String> all = new ArrayList<>(c.getChildren().forPath(path));
        Collections.sort(all);
        return all;
    }

    private static void creating(CuratorFramework a) {
        Transcript.say("# creating");
        Transcript.op("create", () -> a.create().forPath("/c", bytes("one")));
        Transcript.op("create it again", () -> a.create().forPath("/c", bytes("two")));
        Transcript.op("create or set", () -> a.create().orSetData().forPath("/c", bytes("three")));
        Transcript.op("create or set of version 7", () -> a.create().orSetData(7).forPath("/c", bytes("four")));
        Transcript.op("create or set of version 1", () -> a.create().orSetData(1).forPath("/c", bytes("four")));
        Transcript.op("create without parent", () -> a.create().forPath("/c/x/y"));
        Transcript.op("create with parents", () -> a.create().creatingParentsIfNeeded().forPath("/c/x/y", bytes("deep")));
        Transcript.op("create idempotently", () -> a.create().idempotent().forPath("/c/i", bytes("i")));
        Transcript.op("again with the same data", () -> a.create().idempotent().forPath("/c/i", bytes("i")));
        Transcript.op("again with other data", () -> a.create().idempotent().forPath("/c/i", bytes("j")));
        Stat told = new Stat();
        Transcript.op("create and tell", () -> a.create().storingStatIn(told).forPath("/c/told", bytes("12345")));
        Transcript.op("told", () -> told);
        Transcript.op("create ephemeral", () -> a.create().withMode(EPHEMERAL).forPath("/c/e", bytes("")));
        Transcript.op("create sequential", () -> a.create().withMode(PERSISTENT_SEQUENTIAL).forPath("/c/s-"));
        Transcript.op("create ephemeral sequential", () -> a.create().withMode(EPHEMERAL_SEQUENTIAL).forPath("/c/es-"));
        Transcript.op("create under an ephemeral", () -> a.create().forPath("/c/e/x"));
        Transcript.op("create with protection", () -> a.create().withProtection().withMode(EPHEMERAL).forPath("/c/p"));
        Transcript.op("create compressed", () -> a.create().compressed().forPath("/c/zip", new byte[10_000]));
        Transcript.op("get it", () -> a.getData().decompressed().forPath("/c/zip"));
        Transcript.op("default data is an address", () -> a.getData().forPath(a.create().forPath("/c/default")).length > 0);
        Transcript.op("a million bytes", () -> a.create().forPath("/c/big", new byte[1_000_000]));
        Transcript.op("create with a name in Greek", () -> a.create().forPath("/c/αβγ 1", bytes("λόγος")));
    }

    private static void kinds(CuratorFramework a) {
        Transcript.say("# kinds");
        Transcript.op("create with parents that are containers",
            () -> a.create().creatingParentContainersIfNeeded().forPath("/k/box/in", bytes("x")));
        Transcript.op("their stat", () -> a.checkExists().forPath("/k"));
        Transcript.op("and", () -> a.checkExists().forPath("/k/box"));
        Transcript.op("create a container", () -> a.create().withMode(CONTAINER).forPath("/k/empty"));
        Transcript.op("stat", () -> a.checkExists().forPath("/k/empty"));
        Transcript.op("make containers", () -> {
            a.createContainers("/k/many/of/them");
            return a.checkExists().forPath("/k/many/of");
        });
        Transcript.op("create with a time to live", () -> a.create().withTtl(3_600_000).withMode(PERSISTENT_WITH_TTL).forPath("/k/hour"));
        Transcript.op("stat", () -> a.checkExists().forPath("/k/hour"));
        Transcript.op("sequential", () -> a.create().withTtl(60_000).withMode(PERSISTENT_SEQUENTIAL_WITH_TTL).forPath("/k/minute-"));
        Transcript.op("with none", () -> a.create().withTtl(0).withMode(PERSISTENT_WITH_TTL).forPath("/k/none"));
        Transcript.op("too long", () -> a.create().withTtl(1L << 40).withMode(PERSISTENT_WITH_TTL).forPath("/k/long"));
        Transcript.op("delete what is in a box", () -> a.delete().forPath("/k/box/in"));
        Transcript.op("the box goes by itself", () -> {
            Transcript.await("end of a box", () -> gone(a, "/k/box"));
            return gone(a, "/k/box");
        });
        Transcript.op("what has never had a child stays", () -> children(a, "/k"));
        Transcript.op("what lives shortly", () -> a.create().withTtl(50).withMode(PERSISTENT_WITH_TTL).forPath("/k/short"));
        Transcript.op("goes by itself", () -> {
            Transcript.await("end of a time", () -> gone(a, "/k/short"));
            return children(a, "/k");
        });
    }

    static boolean gone(CuratorFramework c, String path) {
        try {
            return c.checkExists().forPath(path) == null;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static void reading(CuratorFramework a) {
        Transcript.say("# reading and writing");
        Stat stat = new Stat();
        Transcript.op("get", () -> a.getData().storingStatIn(stat).forPath("/c"));
        Transcript.op("stat", a, () -> stat);
        Transcript.op("stat of an ephemeral", a, () -> a.checkExists().forPath("/c/e"));
        Transcript.op("stat of nothing", () -> a.checkExists().forPath("/no"));
        Transcript.op("get nothing", () -> a.getData().forPath("/no"));
        Transcript.op("children", () -> children(a, "/c"));
        Transcript.op("children of nothing", () -> a.getChildren().forPath("/no"));
        Transcript.op("set", () -> a.setData().forPath("/c", bytes("five")));
        Transcript.op("set of version 0", () -> a.setData().withVersion(0).forPath("/c", bytes("six")));
        Transcript.op("set idempotently", () -> a.setData().idempotent().withVersion(3).forPath("/c", bytes("six")));
        Transcript.op("and again", () -> a.setData().idempotent().withVersion(3).forPath("/c", bytes("six")).getVersion());
        Transcript.op("set nothing", () -> a.setData().forPath("/no", bytes("x")));
        Transcript.op("sync", () -> a.sync().forPath("/c"));
        Transcript.op("config", () -> new String(a.getConfig().forEnsemble(), StandardCharsets.UTF_8).replaceAll(":[0-9]+", ":PORT").split("\n").length);
    }

    private static void deleting(CuratorFramework a) {
        Transcript.say("# deleting");
        Transcript.op("delete what has children", () -> a.delete().forPath("/c"));
        Transcript.op("delete of version 7", () -> a.delete().withVersion(7).forPath("/c/told"));
        Transcript.op("delete of version 0", () -> a.delete().withVersion(0).forPath("/c/told"));
        Transcript.op("delete again", () -> a.delete().forPath("/c/told"));
        Transcript.op("delete quietly", () -> a.delete().quietly().forPath("/c/told"));
        Transcript.op("delete idempotently", () -> a.delete().idempotent().forPath("/c/told"));
        Transcript.op("delete guaranteed", () -> a.delete().guaranteed().forPath("/c/i"));
        Transcript.op("delete with children", () -> a.delete().deletingChildrenIfNeeded().forPath("/c"));
        Transcript.op("and of containers", () -> a.delete().deletingChildrenIfNeeded().forPath("/k"));
        Transcript.op("children of /", () -> children(a, "/"));
    }

    private static List<String> results(Collection<CuratorTransactionResult> all) {
        List<String> lines = new ArrayList<>();
        for (CuratorTransactionResult r : all) {
            lines.add(r.getType() + " " + r.getForPath() + " " + r.getResultPath() + " " + (r.getResultStat() == null ? "" : r.getResultStat().getVersion())
                + " " + r.getError());
        }
        return lines;
    }

    @SuppressWarnings("deprecation") // programs have it still
    private static void transactions(CuratorFramework a) {
        Transcript.say("# transactions");
        TransactionOp t = a.transactionOp();
        Transcript.op("one of each", () -> results(a.transaction().forOperations(
            t.create().forPath("/t", bytes("1")), t.create().withMode(EPHEMERAL).forPath("/t/e"), t.setData().withVersion(0).forPath("/t", bytes("2")),
            t.check().withVersion(1).forPath("/t"), t.create().withMode(PERSISTENT_SEQUENTIAL).forPath("/t/s-"), t.delete().forPath("/t/e"))));
        Transcript.op("kinds", () -> results(a.transaction().forOperations(
            t.create().withMode(CONTAINER).forPath("/t/box"), t.create().withTtl(60_000).withMode(PERSISTENT_WITH_TTL).forPath("/t/ttl"))));
        Transcript.op("stat", () -> Arrays.asList(a.checkExists().forPath("/t/box"), a.checkExists().forPath("/t/ttl")));
        CuratorOp[][] failing = {
            {}, failing(t, 1), failing(t, 2), failing(t, 3), failing(t, 4),
        };
        for (CuratorOp[] ops : failing) {
            Transcript.op("of " + ops.length, () -> results(a.transaction().forOperations(ops)));
        }
        Transcript.op("in the old way", () -> results(a.inTransaction().create().forPath("/t/old", bytes("x")).and()
            .setData().forPath("/t/old", bytes("y")).and().check().withVersion(1).forPath("/t/old").and().commit()));
        Transcript.op("that fails", () -> results(a.inTransaction().delete().forPath("/t/old").and().delete().forPath("/t/old").and().commit()));
        Transcript.op("nothing happened", () -> children(a, "/t"));
        Transcript.op("clear", () -> a.delete().deletingChildrenIfNeeded().forPath("/t"));
    }

    /** Operations of which the one at place n fails, and those before it do not. */
    private static CuratorOp[] failing(TransactionOp t, int n) {
        List<CuratorOp> all = new ArrayList<>();
        try {
            for (int i = 1; i < n; i++) {
                all.add(t.create().forPath("/t/f" + i));
            }
            all.add(Arrays.asList(t.create().forPath("/t"), t.check().withVersion(9).forPath("/t"), t.setData().forPath("/t/none", bytes("")),
                t.delete().forPath("/t")).get(n - 1));
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        return all.toArray(new CuratorOp[0]);
    }

    private static void background(CuratorFramework a) throws Exception {
        Transcript.say("# in the background");
        LinkedBlockingQueue<String> came = new LinkedBlockingQueue<>();
        for (int i = 0; i < 5; i++) {
            a.create().inBackground((c, e) -> came.add(e.getType() + " " + e.getPath() + " " + e.getResultCode())).forPath("/b" + i, bytes("x"));
        }
        a.getData().inBackground((c, e) -> came.add(e.getType() + " " + e.getPath() + " " + new String(e.getData(), StandardCharsets.UTF_8))).forPath("/b4");
        a.delete().inBackground((c, e) -> came.add(e.getType() + " " + e.getPath() + " " + e.getResultCode())).forPath("/none");
        a.sync().inBackground((c, e) -> came.add(e.getType() + " " + e.getPath() + " " + e.getResultCode())).forPath("/");
        for (int i = 0; i < 8; i++) {
            Transcript.say("came: " + came.poll(Transcript.PATIENCE, TimeUnit.SECONDS));
        }
        for (int i = 0; i < 5; i++) {
            a.delete().forPath("/b" + i);
        }
    }

    private static void identities(CuratorFramework a, String servers) throws Exception {
        Transcript.say("# identities");
        List<ACL> creator = ZooDefs.Ids.CREATOR_ALL_ACL;
        Transcript.op("for whoever I am, and I am nobody", () -> a.create().withACL(creator).forPath("/id"));
        try (CuratorFramework b = Peer.connect(CuratorFrameworkFactory.builder().connectString(servers).authorization("digest", bytes("user:secret")), 30_000)) {
            Transcript.op("and I am somebody", () -> b.create().withACL(creator).forPath("/id", bytes("mine")));
            Transcript.op("it is", () -> b.getACL().forPath("/id"));
            Transcript.op("get", () -> b.getData().forPath("/id"));
            Transcript.op("another gets", () -> a.getData().forPath("/id"));
            Transcript.op("another sets", () -> a.setData().forPath("/id", bytes("x")));
            Transcript.op("another lists", () -> a.getChildren().forPath("/id"));
            Transcript.op("another makes a child", () -> a.create().forPath("/id/x"));
            Transcript.op("another asks for it", () -> a.getACL().forPath("/id"));
            Transcript.op("open to read", () -> b.setACL().withVersion(0).withACL(Arrays.asList(
                new ACL(ZooDefs.Perms.READ, ZooDefs.Ids.ANYONE_ID_UNSAFE), new ACL(ZooDefs.Perms.ALL, new Id("auth", "")))).forPath("/id"));
            Transcript.op("of version 0 again", () -> b.setACL().withVersion(0).withACL(creator).forPath("/id"));
            Transcript.op("another gets", () -> a.getData().forPath("/id"));
            Transcript.op("another asks for it", () -> a.getACL().forPath("/id"));
            Transcript.op("another deletes a child", () -> {
                b.create().forPath("/id/x");
                return a.delete().forPath("/id/x");
            });
            Transcript.op("the other does", () -> b.delete().forPath("/id/x"));
            Transcript.op("delete", () -> a.delete().forPath("/id"));
        }
        Transcript.op("by address", () -> a.create().withACL(Collections.singletonList(new ACL(31, new Id("ip", "127.0.0.0/8")))).forPath("/ip"));
        Transcript.op("by another", () -> a.setACL().withACL(Collections.singletonList(new ACL(31, new Id("ip", "10.0.0.1")))).forPath("/ip"));
        Transcript.op("get", () -> a.getData().forPath("/ip"));
        Transcript.op("delete", () -> a.delete().forPath("/ip"));
    }

    private static void namespace(CuratorFramework a) {
        Transcript.say("# a namespace");
        CuratorFramework n = a.usingNamespace("ns");
        Transcript.op("create", () -> n.create().forPath("/x", bytes("y")));
        Transcript.op("from outside", () -> a.getData().forPath("/ns/x"));
        Transcript.op("children", () -> children(n, "/"));
        Transcript.op("transaction", () -> results(n.transaction().forOperations(n.transactionOp().delete().forPath("/x"))));
        Transcript.op("what is around is a container", () -> {
            Transcript.await("end of it", () -> gone(a, "/ns"));
            return gone(a, "/ns");
        });
    }
}
