#!/bin/sh
ps -ef
