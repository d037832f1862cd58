// SPDX-License-Identifier: Apache-2.0

/** Starts the server: its own main class is in a package that is not needed otherwise. */
public class Launch {
    public static void main(String[] args) {
        new io.trino.server.Server().start("435");
    }
}
